/** Connections that jobs share: secret fields are encrypted at rest, shown masked, and resolved in workers only. */
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import { MASK, mapSecrets, maskText, type SchemaNode } from '../../core/security/secret-fields.js'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'
import { type Cipher, type CipherPlace, createCipher, isEncrypted } from '../encryption.js'
import { mapTexts } from '../map-texts.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { ConnectorConfigRow } from '../tables/connectors.js'

type Config = Readonly<Record<string, unknown>>

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
      return decrypted(found.configId, found.connectionConfig, cipher)
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
      try {
        await connectorConfig.create({
          configId: connectionId,
          configName: given.name,
          connectorId: known?.get().connectorId ?? given.connector,
          connectorName: given.connector,
          usageType: given.usage,
          description: given.description,
          connectionConfig: encrypted(connectionId, given.config, schema, cipher),
          createdBy: by,
          updatedBy: by,
        })
      } catch (error) {
        if (isDuplicate(error))
          throw new JobError('conflict', `There is a connection ${given.name} already`, { pointer: '/name' })
        throw error
      }
      return await find(connectionId)
    },
    /** The config with what is masked put back as stored. */
    async unmasked(connectionId: string, config: Config, schema: SchemaNode | null): Promise<Config> {
      const stored = await row({ configId: connectionId })
      return restoreMasked(config, decrypted(connectionId, stored.connectionConfig, cipher), schema)
    },
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
      const config = JSON.stringify(encrypted(connectionId, given.config, schema, cipher))
      const { name, connector, usage, description } = given
      const changed = await database.execute(
        `UPDATE etl_connector_config SET config_name = :name, connector_name = :connector,
            usage_type = :usage, description = :description, connection_config = :config, updated_by = :by, version = version + 1
          WHERE config_id = :connectionId AND version = :version`,
        { connectionId, name, connector, usage, description, config, by, version: known.version },
      )
      if (changed === 0) throw stale((await find(connectionId)).version)
      return await find(connectionId)
    },
    async remove(connectionId: string, version: number | null): Promise<void> {
      const where = { configId: connectionId, ...(version === null ? {} : { version }) }
      if ((await connectorConfig.destroy({ where })) > 0) return
      throw stale((await find(connectionId)).version)
    },
    async noteTest(connectionId: string, status: 'OK' | 'FAILED', message: string): Promise<void> {
      const test = { lastTestTime: new Date(), lastTestStatus: status, lastTestMessage: message.slice(0, 2000) }
      await connectorConfig.update(test, { where: { configId: connectionId } })
    },
  }
}

function encrypted(id: string, config: Config, schema: SchemaNode | null, cipher: Cipher): Config {
  return mapSecrets(config, schema, (secret, pointer) => cipher.encrypt(secret, placeOf(id, pointer))) as Config
}

function decrypted(id: string, config: Config, cipher: Cipher): Config {
  return mapTexts(config, '', (text, pointer) =>
    isEncrypted(text) ? cipher.decrypt(text, placeOf(id, pointer)) : text,
  ) as Config
}

/** A mask stands for what is stored at its place; elsewhere it would be a password that nobody meant. */
function restoreMasked(config: Config, stored: Config, schema: SchemaNode | null): Config {
  const known = new Map<string, string>()
  mapTexts(stored, '', (text, pointer) => known.set(pointer, text) && text)
  return mapSecrets(config, schema, (text, pointer) => {
    const before = known.get(pointer)
    if (before !== undefined && (text === MASK || text === maskText(before))) return before
    if (!text.includes(MASK)) return text
    throw new JobError('config.invalid', `Give the secret at ${pointer} again: there is none stored for this`, {
      pointer: `/config${pointer}`,
    })
  }) as Config
}

function isSame(known: ConnectorConfigRow, given: ConnectionDefinition, cipher: Cipher): boolean {
  const stored = [known.configName, known.connectorName, known.usageType, known.description]
  if (stored.some((value, index) => value !== [given.name, given.connector, given.usage, given.description][index]))
    return false
  return JSON.stringify(decrypted(known.configId, known.connectionConfig, cipher)) === JSON.stringify(given.config)
}

function placeOf(id: string, pointer: string): CipherPlace {
  return { table: 'etl_connector_config', row: id, field: pointer }
}

function stale(version: number): JobError {
  return new JobError('conflict', `The connection was changed in the meantime; its version is ${version}`)
}

function recordOf(row: ConnectorConfigRow, cipher: Cipher): ConnectionRecord {
  const config = mapTexts(row.connectionConfig, '', (text, pointer) =>
    isEncrypted(text) ? maskText(cipher.decrypt(text, placeOf(row.configId, pointer))) : text,
  ) as Config
  const { lastTestTime: at, lastTestStatus: status, lastTestMessage: message } = row
  return {
    connectionId: row.configId,
    name: row.configName,
    connector: row.connectorName,
    usage: row.usageType,
    description: row.description,
    config,
    lastTest: at === null || status === null ? null : { at: at.toISOString(), status, message },
    version: row.version,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
