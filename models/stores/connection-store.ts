/** Connections that jobs share: secret fields are encrypted at rest, shown masked, and resolved in workers only. */
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import { redact, type SchemaNode } from '../../core/security/secret-fields.js'
import type { Database } from '../database.js'
import { type Cipher, createCipher } from '../encryption.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import { type Config, maskConfig, openConfig, restoreMasked, sealConfig } from '../sealed-config.js'
import type { ConnectorConfigRow } from '../tables/connectors.js'
import { changeConnection, refuseDuplicate, removeConnection, stale } from './connection/change.js'
import { type ConnectionUse, usageOf } from './connection/usage.js'

export interface ConnectionRecord {
  readonly connectionId: string
  readonly name: string
  readonly connector: string
  readonly usage: 'SOURCE' | 'SINK' | 'BOTH'
  readonly description: string | null
  /** Secrets masked. */
  readonly config: Config
  readonly lastTest: { readonly at: string; readonly status: 'OK' | 'FAILED'; readonly message: string | null } | null
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ConnectionDefinition {
  readonly name: string
  readonly connector: string
  readonly usage: 'SOURCE' | 'SINK' | 'BOTH'
  readonly description: string | null
  /** In clear. */
  readonly config: Config
}

export interface ConnectionFilter extends PageRequest {
  readonly name?: string | undefined
  readonly connector?: string | undefined
}

export type ConnectionStore = ReturnType<typeof connectionStore>

export function connectionStore(database: Database, secretKey: string) {
  const { connectorConfig } = database.tables
  const cipher = createCipher(secretKey)
  const row = async (where: { configId: string } | { configName: string }): Promise<ConnectorConfigRow> => {
    const found = await connectorConfig.findOne({ where })
    if (found !== null) return found.get()
    throw new JobError(
      'not.found',
      'configName' in where ? `There is no connection ${where.configName}` : 'There is no such connection',
    )
  }
  const find = async (connectionId: string) => recordOf(await row({ configId: connectionId }), cipher)
  return {
    find,
    /** In clear: for workers, and for testing it. */
    async resolve(name: string): Promise<Config> {
      const found = await row({ configName: name })
      return openConfig(found.configId, found.connectionConfig, cipher)
    },
    async list({ name, connector, ...request }: ConnectionFilter): Promise<Page<ConnectionRecord>> {
      const where = {
        ...(name === undefined ? {} : { configName: name }),
        ...(connector === undefined ? {} : { connectorName: connector }),
      }
      const { where: before, order, limit } = pageQuery(request)
      const rows = await connectorConfig.findAll({ where: { [Op.and]: [before, where] }, order, limit })
      return pageOf(
        rows.map((one) => one.get()),
        request,
        (one) => recordOf(one, cipher),
      )
    },
    async create(
      connectionId: string,
      given: ConnectionDefinition,
      schema: SchemaNode | null,
      by: string,
    ): Promise<ConnectionRecord> {
      const known = await database.tables.connector.findOne({ where: { connectorName: given.connector } })
      const row = {
        configId: connectionId,
        configName: given.name,
        connectorId: known?.get().connectorId ?? given.connector,
        connectorName: given.connector,
        usageType: given.usage,
        description: given.description,
        connectionConfig: sealConfig(connectionId, restoreMasked(given.config, {}, schema), schema, cipher),
        createdBy: by,
        updatedBy: by,
      }
      await connectorConfig.create(row).catch((error) => refuseDuplicate(error, given.name))
      return await find(connectionId)
    },
    /** The config with what is masked put back as stored. */
    async unmasked(connectionId: string, config: Config, schema: SchemaNode | null): Promise<Config> {
      const stored = await row({ configId: connectionId })
      return restoreMasked(config, openConfig(connectionId, stored.connectionConfig, cipher), schema)
    },
    /** Name, connector and side stay while a job needs them. */
    async update(
      connectionId: string,
      given: ConnectionDefinition,
      schema: SchemaNode | null,
      version: number | null,
      by: string,
    ): Promise<ConnectionRecord> {
      const known = await row({ configId: connectionId })
      if (version !== null && version !== known.version) throw stale(known.version)
      if (isSame(known, given, cipher)) return recordOf(known, cipher)
      const config = sealConfig(connectionId, given.config, schema, cipher)
      await changeConnection(database, { ...given, connectionId, config, version: known.version, by })
      return await find(connectionId)
    },
    remove: (connectionId: string, version: number | null) => removeConnection(database, connectionId, version),
    usage: async (connectionId: string): Promise<readonly ConnectionUse[]> =>
      await usageOf(database, (await row({ configId: connectionId })).configName),
    async noteTest(connectionId: string, status: 'OK' | 'FAILED', message: string): Promise<void> {
      const test = { lastTestTime: new Date(), lastTestStatus: status, lastTestMessage: message.slice(0, 2000) }
      await connectorConfig.update(test, { where: { configId: connectionId } })
    },
  }
}

function isSame(known: ConnectorConfigRow, given: ConnectionDefinition, cipher: Cipher): boolean {
  const stored = [known.configName, known.connectorName, known.usageType, known.description]
  if (stored.some((value, index) => value !== [given.name, given.connector, given.usage, given.description][index]))
    return false
  return JSON.stringify(openConfig(known.configId, known.connectionConfig, cipher)) === JSON.stringify(given.config)
}

function recordOf(row: ConnectorConfigRow, cipher: Cipher): ConnectionRecord {
  const { lastTestTime: at, lastTestStatus: status, lastTestMessage: message } = row
  return {
    connectionId: row.configId,
    name: row.configName,
    connector: row.connectorName,
    usage: row.usageType,
    description: row.description,
    // Versions before took fewer places for secret.
    config: redact(maskConfig(row.configId, row.connectionConfig, cipher)) as Config,
    lastTest: at === null || status === null ? null : { at: at.toISOString(), status, message },
    version: row.version,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
