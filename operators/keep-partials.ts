/** AGGREGATE with partial results: one row of accumulators for each group, merged batch by batch. */
import type { SplitAggregates } from '../duckdb/aggregates.js'
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, list } from './columns.js'
import { type Compiled, type Input, placeIn } from './operator.js'
import type { PartialAggregate } from './partial-aggregates.js'

/** What both ways of aggregating are told. `state` is the quoted name of the state table. */
export interface Grouping {
  readonly input: Input
  readonly keys: readonly string[]
  readonly results: readonly { readonly name: string; readonly split: SplitAggregates }[]
  readonly state: string
}

/**
 * A batch is aggregated first, so that merging costs little. State columns: key0…, part0…, and the place at which the
 * group first came, which is the order of the result (I9).
 */
export function keepPartials(grouping: Grouping, partials: readonly PartialAggregate[]): Compiled {
  const { input, keys, state } = grouping
  const parts = partials.flatMap((partial) => partial.columns)
  const after = `(SELECT coalesce(max(place) + 1, 0) FROM ${state})`
  const batch = summary(keys, parts, input.table, `min(${placeIn(input)}) + ${after}`)
  const nothing = summary(keys, parts, emptyRelation(input.schema), '0::BIGINT')
  return {
    each: null,
    absorb: [merge(state, batch, keys, parts)],
    end: finals(grouping, partials, nothing),
    state: [
      {
        name: 'groups',
        type: 'MAP',
        table: state,
        create: `CREATE TABLE ${state} AS SELECT * FROM (${nothing}) LIMIT 0`,
      },
    ],
    accounting: 'ABSORBS',
  }
}

type Parts = PartialAggregate['columns']

function summary(keys: readonly string[], parts: Parts, from: string, place: string): string {
  const items = [
    ...keys.map((key, index) => `${identifier(key)} AS key${index}`),
    ...parts.map(({ of }, index) => `${of} AS part${index}`),
    `${place} AS place`,
  ]
  return `SELECT ${items.join(', ')} FROM ${from}${keys.length === 0 ? '' : ` GROUP BY ${list(keys)}`}`
}

function merge(state: string, batch: string, keys: readonly string[], parts: Parts): string {
  const same = keys.map((_, index) => `state.key${index} IS NOT DISTINCT FROM batch.key${index}`)
  const sets = parts.map((part, index) => `part${index} = ${part.merge(`state.part${index}`, `batch.part${index}`)}`)
  const update = sets.length === 0 ? '' : `WHEN MATCHED THEN UPDATE SET ${sets.join(', ')}`
  return `MERGE INTO ${state} AS state USING (${batch}) AS batch ON (${same.length === 0 ? 'true' : same.join(' AND ')})
    ${update} WHEN NOT MATCHED THEN INSERT BY NAME`
}

function finals({ keys, results, state }: Grouping, partials: readonly PartialAggregate[], nothing: string): string {
  let part = 0
  const inner = [
    ...keys.map((key, index) => `key${index} AS ${identifier(key)}`),
    ...partials.map(
      ({ column, columns, final }) => `${final(columns.map(() => `part${part++}`))} AS ${identifier(column)}`,
    ),
    'place AS "aggregate place"',
  ]
  const outer = [
    ...keys.map((key) => identifier(key)),
    ...results.map(({ name, split }) => `(${split.outer}) AS ${identifier(name)}`),
  ]
  // Without groupBy there is one record even if there was no input.
  const groups =
    keys.length > 0 ? state : `(FROM ${state} UNION ALL FROM (${nothing}) WHERE NOT EXISTS (FROM ${state}))`
  return `SELECT ${outer.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${groups}) ORDER BY "aggregate place"`
}
