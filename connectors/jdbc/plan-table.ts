import { JobError } from '../../core/errors/job-error.js'
import type { Budget } from '../../core/execution/plan.js'
import type { SourcePlan } from '../spi.js'
import type { JdbcSourceConfig } from './config.js'
import type { Db, Dialect } from './dialect.js'
import { afterKey, uptoKey } from './key-conditions.js'
import { settledCondition } from './lag.js'
import type { JdbcPosition, JdbcSplit, Key, Range } from './position.js'
import type { Relation } from './relation.js'

export interface Table {
  readonly dialect: Dialect
  readonly db: Db
  readonly relation: Relation
  readonly config: JdbcSourceConfig
}

/** The input of the next epoch: a page by key, ranges of keys, or all of it. */
export async function planTable(
  table: Table,
  from: JdbcPosition | null,
  budget: Budget,
  parallelism: number,
  whole = false,
): Promise<SourcePlan> {
  const empty: JdbcSplit[][] = Array.from({ length: parallelism }, () => [])
  const first = (split: JdbcSplit): JdbcSplit[][] => [[split], ...empty.slice(1)]
  const { relation, config } = table
  if (relation.key.length === 0 || from?.kind === 'WHOLE' || (from === null && (await keyHoldsNull(table)))) {
    const to: JdbcPosition = { kind: 'WHOLE', end: true }
    return { splits: from === null ? first({ kind: 'WHOLE' }) : empty, to, end: true }
  }
  const at = from?.kind === 'KEYS' ? from : await beginning(table)
  // Looked up once, so that a table that grows while it is read comes to an end.
  const upper = at.end ? await lastKey(table, at.after) : at.upper
  if (upper === null || sameKey(at.after, upper)) return { splits: empty, to: { ...at, upper, end: true }, end: true }
  const many = config.splits ?? (whole ? 1 : parallelism)
  // Only a key that no two rows share may be cut by a number of rows.
  if (many === 1 && relation.unique) {
    const limit = Math.max(1, budget.records)
    return { splits: first({ kind: 'PAGE', after: at.after, upper, limit }), to: null, end: false }
  }
  const ranges = await cutRanges(table, at.after, upper, many, Math.max(1, Math.ceil(budget.records / many)))
  const after = ranges.at(-1)!.upto
  const end = sameKey(after, upper)
  const splits = dealOut(ranges, whole ? 1 : parallelism)
  return { splits: [...splits, ...empty.slice(splits.length)], to: { kind: 'KEYS', after, upper, end }, end }
}

const sameKey = (one: Key | null, other: Key): boolean => one?.every((value, at) => value === other[at]) ?? false

/** A primary key with NULL, as SQLite allows: such rows compare with no other, so that they are read at once. */
async function keyHoldsNull({ dialect, db, relation, config }: Table): Promise<boolean> {
  if (!dialect.reading.nullableKeys || !relation.unique) return false
  const missing = relation.key.map(({ name }) => `${dialect.name(name)} IS NULL`).join(' OR ')
  if ((await db.rows(`SELECT 1 AS found FROM ${relation.from} WHERE ${missing} LIMIT 1`)).length === 0) return false
  if (config.interval === undefined) return true
  throw new JobError(
    'config.invalid',
    `Some rows of ${relation.shown} have no primary key: what comes later cannot be told.`,
    {
      pointer: '/table',
      hint: 'Fill in the key, or read a query with `splitBy` a column that is never NULL.',
    },
  )
}

async function beginning({ dialect, db, relation, config }: Table): Promise<Extract<JdbcPosition, { kind: 'KEYS' }>> {
  const [column] = relation.key
  if (config.splitBy !== undefined) {
    const without = `SELECT 1 AS found FROM ${relation.from} WHERE ${dialect.name(column!.name)} IS NULL LIMIT 1`
    if ((await db.rows(without)).length > 0)
      throw new JobError(
        'config.invalid',
        `Some rows have no \`${column!.name}\`: reading by it would leave them out.`,
        {
          pointer: '/splitBy',
          hint: 'Name a column that is never NULL, or read a query that leaves such rows out.',
        },
      )
  }
  const given = config.incremental?.from
  return { kind: 'KEYS', after: given === undefined ? null : [String(given)], upper: null, end: true }
}

/** The last key that there is now, if it comes after `after`. */
async function lastKey(table: Table, after: Key | null): Promise<Key | null> {
  const conditions = after === null ? [] : [afterKey(table.dialect, table.relation.key, after)]
  return await oneKey(table, [...conditions, ...settledCondition(table)], 'DESC', 0)
}

/** Cut where the rows are, and not where the values are: a key of any kind, however it is spread. */
async function cutRanges(table: Table, from: Key | null, upper: Key, many: number, rows: number): Promise<Range[]> {
  const { dialect, relation } = table
  const ranges: Range[] = []
  for (let after = from; ranges.length < many; ) {
    const conditions = [
      ...(after === null ? [] : [afterKey(dialect, relation.key, after)]),
      uptoKey(dialect, relation.key, upper),
    ]
    const upto: Key = (await oneKey(table, conditions, 'ASC', rows - 1)) ?? upper
    ranges.push({ after, upto })
    if (sameKey(upto, upper)) break
    after = upto
  }
  return ranges
}

async function oneKey(
  { dialect, db, relation }: Table,
  conditions: readonly string[],
  order: 'ASC' | 'DESC',
  skip: number,
): Promise<Key | null> {
  const values = relation.key.map((column, at) => `${dialect.reading.asText(column)} AS k${at}`)
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''
  const by = relation.key.map(({ name }) => `${dialect.name(name)} ${order}`)
  // Without NULL: where they come first or last is each database's own.
  const given = `${where === '' ? ' WHERE' : `${where} AND`} ${dialect.name(relation.key[0]!.name)} IS NOT NULL`
  const [row] = await db.rows(
    `SELECT ${values.join(', ')} FROM ${relation.from}${given} ORDER BY ${by.join(', ')} LIMIT 1 OFFSET ${skip}`,
  )
  return row === undefined ? null : relation.key.map((_, at) => String(row[`k${at}`]))
}

/** Neighbours go together: records stay in the order of the key. */
function dealOut(ranges: readonly Range[], parallelism: number): JdbcSplit[][] {
  const each = Math.ceil(ranges.length / parallelism)
  const splits: JdbcSplit[][] = []
  for (let at = 0; at < ranges.length; at += each)
    splits.push([{ kind: 'RANGES', ranges: ranges.slice(at, at + each) }])
  return splits
}
