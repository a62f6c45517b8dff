import type { Connection } from 'mysql2/promise'
import type { Budget } from '../../core/execution/plan.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { SourcePlan } from '../spi.js'
import type { JdbcSourceConfig } from './config.js'
import { name, rowsOf } from './mysql-sql.js'
import type { JdbcPosition, JdbcSplit } from './position.js'
import { isWhole, type Relation } from './relation.js'

/** The input of the next epoch: a page by key, key ranges, what came since the last time, or all of it. */
export async function planTable(
  connection: Connection,
  relation: Relation,
  config: JdbcSourceConfig,
  from: JdbcPosition | null,
  budget: Budget,
  parallelism: number,
): Promise<SourcePlan> {
  const empty = (): JdbcSplit[][] => Array.from({ length: parallelism }, () => [])
  const first = (split: JdbcSplit): JdbcSplit[][] => [[split], ...empty().slice(1)]
  if (config.incremental) {
    const after = from?.kind === 'INCREMENTAL' ? from.upto : (config.incremental.from?.toString() ?? null)
    const upto = await newest(connection, relation, config.incremental)
    const to: JdbcPosition = { kind: 'INCREMENTAL', upto: upto ?? after }
    if (upto === null || upto === after) return { splits: empty(), to, end: true }
    return { splits: first({ kind: 'SINCE', after, upto }), to, end: true }
  }
  if (relation.key.length === 0) {
    if (from?.kind === 'WHOLE' && from.end) return { splits: empty(), to: from, end: true }
    return { splits: first({ kind: 'WHOLE' }), to: { kind: 'WHOLE', end: true }, end: true }
  }
  const ranges = from?.kind === 'RANGES' || (from === null && parallelism > 1 && isWhole(relation.key[0]))
  if (ranges) {
    const position = from?.kind === 'RANGES' ? from : await firstRanges(connection, relation)
    return planRanges(position, budget, parallelism)
  }
  return planPage(connection, relation, from, budget, first, empty)
}

async function planPage(
  connection: Connection,
  relation: Relation,
  from: JdbcPosition | null,
  budget: Budget,
  first: (split: JdbcSplit) => JdbcSplit[][],
  empty: () => JdbcSplit[][],
): Promise<SourcePlan> {
  const page = from?.kind === 'PAGES' ? from : { after: null, upper: null, end: true }
  // Looked up once, so that a table that grows while it is read comes to an end.
  const upper = page.end ? await highest(connection, relation) : page.upper
  if (upper === null || (page.end && page.after?.[0] === upper && relation.key.length === 1)) {
    return { splits: empty(), to: { kind: 'PAGES', after: page.after, upper, end: true }, end: true }
  }
  const limit = Math.max(1, budget.records)
  return { splits: first({ kind: 'PAGE', after: page.after, upper, limit }), to: null, end: false }
}

/** Key ranges are cut by numbers alone: as many keys as should hold the budget's records. */
function planRanges(
  position: Extract<JdbcPosition, { kind: 'RANGES' }>,
  budget: Budget,
  parallelism: number,
): SourcePlan {
  const { density } = position
  const next = BigInt(position.next)
  const last = BigInt(position.last)
  const splits: JdbcSplit[][] = Array.from({ length: parallelism }, () => [])
  if (next > last) return { splits, to: position, end: true }
  const keys = BigInt(Math.max(1, Math.ceil(budget.records / Math.max(density, 1e-9))))
  const to = next + keys > last ? last : next + keys - 1n
  const share = (to - next + BigInt(parallelism)) / BigInt(parallelism)
  let at = next
  for (const split of splits) {
    if (at > to) break
    const end = at + share - 1n < to ? at + share - 1n : to
    split.push({ kind: 'RANGE', from: String(at), to: String(end) })
    at = end + 1n
  }
  return { splits, to: { ...position, next: String(to + 1n) }, end: to === last }
}

async function firstRanges(
  connection: Connection,
  relation: Relation,
): Promise<Extract<JdbcPosition, { kind: 'RANGES' }>> {
  const key = name(relation.key[0]!.name)
  const [row] = await rowsOf(
    connection,
    `SELECT CAST(MIN(${key}) AS CHAR) AS low, CAST(MAX(${key}) AS CHAR) AS high, COUNT(*) AS records FROM ${relation.from}`,
  )
  if (row?.low == null) return { kind: 'RANGES', next: '0', last: '-1', density: 1 }
  const keys = BigInt(row.high) - BigInt(row.low) + 1n
  return { kind: 'RANGES', next: String(row.low), last: String(row.high), density: Number(row.records) / Number(keys) }
}

/** The last key there is now, by its first column. */
async function highest(connection: Connection, relation: Relation): Promise<string | null> {
  const [column] = relation.key
  const key = name(column!.name)
  const value = column!.type === 'BLOB' ? `HEX(MAX(${key}))` : `CAST(MAX(${key}) AS CHAR)`
  const [row] = await rowsOf(connection, `SELECT ${value} AS high FROM ${relation.from}`)
  return row?.high == null ? null : String(row.high)
}

async function newest(
  connection: Connection,
  relation: Relation,
  { column, lag }: NonNullable<JdbcSourceConfig['incremental']>,
): Promise<string | null> {
  const settled =
    lag === undefined ? '' : `WHERE ${name(column)} <= NOW(6) - INTERVAL ${(parseDuration(lag) ?? 0) / 1000} SECOND`
  const [row] = await rowsOf(
    connection,
    `SELECT CAST(MAX(${name(column)}) AS CHAR) AS high FROM ${relation.from} ${settled}`,
  )
  return row?.high == null ? null : String(row.high)
}
