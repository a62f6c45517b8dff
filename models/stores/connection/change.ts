/** A connection changes or goes, while nobody saves a job that names it (see hold.ts). */
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import { isDuplicate } from '../../database-error.js'
import type { Config } from '../../sealed-config.js'
import type { ConnectorConfigRow } from '../../tables/connectors.js'
import { type ConnectionUse, shownUses, usageOf } from './usage.js'

interface Facts {
  readonly name: string
  readonly connector: string
  readonly usage: 'SOURCE' | 'SINK' | 'BOTH'
  readonly description: string | null
}

interface ChangedConnection extends Facts {
  readonly connectionId: string
  /** Its secrets encrypted. */
  readonly config: Config
  /** That the change was made to. */
  readonly version: number
  readonly by: string
}

/** Name, connector and side stay while a job needs them. */
export async function changeConnection(database: Database, given: ChangedConnection): Promise<void> {
  const { connectionId, version } = given
  const change = database.transaction(async (transaction) => {
    const locked = await lock(database, connectionId, transaction)
    if (locked.version !== version) throw stale(locked.version)
    refuseUnfit(locked, given, await usageOf(database, locked.configName, transaction))
    await database.execute(
      `UPDATE etl_connector_config SET config_name = :name, connector_name = :connector, usage_type = :usage,
          description = :description, connection_config = :config, updated_by = :by, version = version + 1
        WHERE config_id = :connectionId`,
      { ...given, config: JSON.stringify(given.config) },
      transaction,
    )
  })
  await change.catch((error) => refuseDuplicate(error, given.name))
}

/** A job that names it would fail when it starts: refused while there is one. */
export async function removeConnection(database: Database, configId: string, version: number | null): Promise<void> {
  await database.transaction(async (transaction) => {
    const locked = await lock(database, configId, transaction)
    if (version !== null && version !== locked.version) throw stale(locked.version)
    const uses = await usageOf(database, locked.configName, transaction)
    if (uses.length > 0)
      throw new JobError('conflict', `Connection ${locked.configName} is used by ${shownUses(uses)}`, {
        hint: 'Delete these jobs, or let them name another connection, before it is removed.',
      })
    await database.tables.connectorConfig.destroy({ where: { configId }, transaction })
  })
}

export function stale(version: number): JobError {
  return new JobError('conflict', `The connection was changed in the meantime; its version is ${version}`)
}

export function refuseDuplicate(error: unknown, name: string): never {
  if (!isDuplicate(error)) throw error
  throw new JobError('conflict', `There is a connection ${name} already`, { pointer: '/name', cause: error })
}

async function lock({ tables }: Database, configId: string, transaction: Transaction): Promise<ConnectorConfigRow> {
  const found = await tables.connectorConfig.findOne({
    where: { configId },
    transaction,
    lock: transaction.LOCK.UPDATE,
  })
  if (found !== null) return found.get()
  throw new JobError('not.found', 'There is no such connection')
}

function refuseUnfit(known: ConnectorConfigRow, given: Facts, uses: readonly ConnectionUse[]): void {
  const isMoved = given.name !== known.configName || given.connector !== known.connectorName
  const unfit = isMoved ? uses : uses.filter(({ nodes }) => nodes.some(({ type }) => !isMeantFor(given.usage, type)))
  if (unfit.length === 0) return
  const pointer = given.name !== known.configName ? '/name' : isMoved ? '/connector' : '/usage'
  throw new JobError('conflict', `Connection ${known.configName} is used by ${shownUses(unfit)}`, {
    pointer,
    hint: `Its ${pointer.slice(1)} stays while it is used: make another connection, and let the jobs name that.`,
  })
}

function isMeantFor(usage: Facts['usage'], type: 'SOURCE' | 'SINK'): boolean {
  return usage === 'BOTH' || usage === type
}
