/** How many executions may run at once in the whole system: the setting's row is the lock that is taken before all others. */
import type { LOCK, Transaction } from 'sequelize'
import type { Database } from '../../database.js'

const SYSTEM_LIMIT = 'executor.max_running_executions'

/** Where there is no limit, nothing is locked, and who is admitted waits for nobody but its job. */
const REMEMBERED_MS = 5000

const known = new WeakMap<Database, { readonly limit: number | null; readonly atMs: number }>()

/** The limit, locked until the transaction ends; null: there is none. One that is set anew is heeded within seconds. */
export async function lockSystem(db: Database, transaction: Transaction): Promise<number | null> {
  if ((await systemLimit(db, transaction)) === null) return null
  return await read(db, { transaction, lock: transaction.LOCK.UPDATE })
}

/** Within a transaction it must be asked with it: many that each want a second connection leave none for any. */
export async function systemLimit(db: Database, transaction?: Transaction): Promise<number | null> {
  const remembered = known.get(db)
  if (remembered !== undefined && Date.now() - remembered.atMs < REMEMBERED_MS) return remembered.limit
  return await read(db, transaction === undefined ? {} : { transaction })
}

async function read(db: Database, how: { transaction?: Transaction; lock?: LOCK }): Promise<number | null> {
  const row = await db.tables.systemConfig.findOne({ where: { configKey: SYSTEM_LIMIT }, ...how })
  const value = Number(row?.get().configValue ?? 0)
  const limit = Number.isFinite(value) && value > 0 ? value : null
  known.set(db, { limit, atMs: Date.now() })
  return limit
}
