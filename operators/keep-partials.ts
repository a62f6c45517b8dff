/** Grouping with partial results: each batch is aggregated first, and only accumulators are kept. */
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, list } from './columns.js'
import { type Grouping, seenColumns } from './grouping.js'
import { type Compiled, stateTable } from './operator.js'
import type { PartialAggregate } from './partial-aggregates.js'

/**
 * A batch adds a row of accumulators for each of its groups; once these outnumber the merged ones, all are merged. So
 * the state stays within twice the number of groups, and the cost follows the change and not the size of the state.
 * State columns: key0…, part0…, and the place at which the group first came, which is the order of the result (I9).
 */
export function keepPartials(grouping: Grouping, partials: readonly PartialAggregate[]): Compiled {
  const { records, keys, windows, nodeId } = grouping
  const state = stateTable(nodeId, 'groups')
  const merged = stateTable(nodeId, 'merged')
  const parts = partsOf(partials)
  const batch = windows === null ? records.from : windows.assign(records.from, keys)
  const after = `(SELECT coalesce(max(place) + 1, 0) FROM ${state})`
  return {
    each: null,
    absorb: [
      `INSERT INTO ${state} ${summary(keys, parts, batch, [`min(${records.place}) + ${after} AS place`, UNMERGED])}`,
      `CREATE OR REPLACE TABLE ${merged} AS ${mergeIfDue(grouping, parts, state)}`,
      `DELETE FROM ${state} WHERE EXISTS (FROM ${merged})`,
      `INSERT INTO ${state} FROM ${merged}`,
      `DROP TABLE ${merged}`,
    ],
    end: finals(grouping, partials, state),
    state: [
      {
        name: 'groups',
        type: 'MAP',
        table: state,
        key: keys.map((of, index) => ({ column: `key${index}`, of })),
        create: `CREATE TABLE ${state} AS FROM (${summary(keys, parts, emptyRelation(seenColumns(grouping)), ['0::BIGINT AS place', UNMERGED])}) LIMIT 0`,
      },
    ],
    accounting: 'ABSORBS',
  }
}

const UNMERGED = 'false AS merged'

type Parts = PartialAggregate['columns']

export const partsOf = (partials: readonly PartialAggregate[]): Parts => partials.flatMap(({ columns }) => columns)

/** A row for each group of a batch: key0…, part0…, and `more`. */
export function summary(keys: readonly string[], parts: Parts, from: string, more: readonly string[]): string {
  const items = [
    ...keys.map((key, index) => `${identifier(key)} AS key${index}`),
    ...parts.map(({ of }, index) => `${of} AS part${index}`),
    ...more,
  ]
  return `SELECT ${items.join(', ')} FROM ${from}${keys.length === 0 ? '' : ` GROUP BY ${list(keys)}`}`
}

/** Fewer rows than this are not worth the statement. */
const WORTHWHILE = 50_000

function mergeIfDue(grouping: Grouping, parts: Parts, state: string): string {
  const due = `SELECT 1 FROM (SELECT count(*) FILTER (WHERE merged) AS old, count(*) AS everything FROM ${state})
    WHERE everything - old > greatest(old, ${WORTHWHILE})`
  const names = stateKeys(grouping)
  const items = [
    ...names,
    ...parts.map(({ merge }, index) => `${merge(`part${index}`)} AS part${index}`),
    'min(place) AS place',
    'true AS merged',
  ]
  const rows = merged(grouping, `(SELECT state.* FROM ${state} AS state, (${due}))`)
  const groups = names.length === 0 ? 'HAVING count(*) > 0' : `GROUP BY ${names.join(', ')}`
  return `SELECT ${items.join(', ')} FROM ${rows} ${groups}`
}

/** What the groups in `state` give. `having`: a condition for all of it, where there are no keys. */
export function finals(
  grouping: Grouping,
  partials: readonly PartialAggregate[],
  state: string,
  having: string | null = null,
): string {
  const { keys, results, windows } = grouping
  const names = stateKeys(grouping)
  let next = 0
  const values = partials.map(({ column, columns, final }) => {
    const parts = columns.map(({ merge }) => merge(`part${next++}`))
    return `${final(parts)} AS ${identifier(column)}`
  })
  const groups = [
    ...keys.map((key, index) => `${names[index]} AS ${identifier(key)}`),
    ...values,
    'min(place) AS "aggregate place"',
  ]
  const items = [
    ...keys.map((key) => identifier(key)),
    ...results.map(({ name, split }) => `(${split.outer}) AS ${identifier(name)}`),
  ]
  const groupBy = names.length > 0 ? ` GROUP BY ${names.join(', ')}` : having === null ? '' : ` HAVING ${having}`
  // Places of what several subtasks have kept may be the same.
  const order = [
    ...(windows === null ? [] : [identifier(keys.at(-1)!)]),
    '"aggregate place"',
    ...keys.map((key) => identifier(key)),
  ]
  return `SELECT ${items.join(', ')} FROM (SELECT ${groups.join(', ')} FROM ${merged(grouping, state)}${groupBy}) ORDER BY ${order.join(', ')}`
}

function merged({ keys, windows }: Grouping, rows: string): string {
  return windows?.merge == null ? rows : windows.merge(rows, stateKeys({ keys }))
}

const stateKeys = ({ keys }: Pick<Grouping, 'keys'>): string[] => keys.map((_, index) => `key${index}`)
