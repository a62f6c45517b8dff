/** Rows of a backup into a catalogue that is empty, or is emptied for it. */

import { CHAIN_MARK } from '../audit/mark.js'
import { columnsOf } from '../maintenance/columns.js'
import type { HouseConnection } from '../maintenance/house-connection.js'
import { HISTORY_TABLES, KEPT_TABLES, PASSING_TABLES } from './backup-tables.js'

/** Each new catalogue has them; they are put over, so that settings of a newer version stay. */
const SETTINGS = 'etl_system_config'

/** Rows that only a catalogue has that is used. */
const USED_BY = ['etl_job', 'etl_connector_config', 'etl_secret', 'etl_lineage', 'etl_user', 'etl_alert_rule']

export async function isUsed(house: HouseConnection): Promise<boolean> {
  for (const table of USED_BY) if ((await house.query(`SELECT 1 AS one FROM ${table} LIMIT 1`)).length > 0) return true
  return false
}

/** Heard of within the last half minute. */
export async function livingWorkers(house: HouseConnection): Promise<number> {
  const [row] = await house.query<{ held: string }>(
    `SELECT COUNT(*) AS held FROM etl_worker
      WHERE worker_status = 'RUNNING' AND heartbeat_time > UTC_TIMESTAMP(3) - INTERVAL 30 SECOND`,
  )
  return Number(row?.held ?? 0)
}

export async function emptyCatalogue(house: HouseConnection): Promise<void> {
  const tables = [...Object.keys(KEPT_TABLES), ...Object.keys(HISTORY_TABLES), ...PASSING_TABLES]
  for (const table of new Set(tables))
    if (table !== SETTINGS && table !== 'etl_schema_migration') await house.execute(`DELETE FROM ${table}`)
}

export type Row = readonly (string | null)[]

/** Columns that this version does not have any more are left out; those that it has more have their defaults. */
export async function loadRows(
  house: HouseConnection,
  table: string,
  given: readonly string[],
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return
  const known = new Set((await columnsOf(house, table)).map(({ name }) => name))
  const taken = given.flatMap((name, index) =>
    known.has(name) && !(table === SETTINGS && name === 'id') ? [index] : [],
  )
  const values: Record<string, string | null> = {}
  const tuples = rows.map((row, at) => {
    const cells = taken.map((index) => {
      values[`v${at}_${index}`] = row[index] ?? null
      return `:v${at}_${index}`
    })
    return `(${cells.join(', ')})`
  })
  const names = taken.map((index) => `\`${given[index]}\``).join(', ')
  const verb = table === SETTINGS ? 'REPLACE' : 'INSERT'
  await house.execute(`${verb} INTO ${table} (${names}) VALUES ${tuples.join(', ')}`, values)
}

/** Restored without its history, the audit begins a new chain: that there was another one is no sign of a removal. */
export async function forgetChain(house: HouseConnection): Promise<void> {
  if ((await house.query('SELECT id FROM etl_audit_chain LIMIT 1')).length > 0) return
  await house.execute(`DELETE FROM ${SETTINGS} WHERE config_key = :key`, { key: CHAIN_MARK })
}

/** So many that no owner of a lineage that came after the backup is newer than the next one. */
const GENERATIONS = 1000

/** Whoever worked on a lineage before is fenced out: a workflow that still runs, a subtask that was thought dead. */
export async function fenceOthersOut(house: HouseConnection): Promise<void> {
  await house.execute(`UPDATE etl_lineage SET generation = generation + ${GENERATIONS} WHERE generation > 0`)
}
