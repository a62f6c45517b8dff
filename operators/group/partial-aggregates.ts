/** Aggregates that can be computed batch by batch: what is kept, how parts merge, what they give in the end. */
import type { AggregateCall } from '../../duckdb/aggregates.js'

export interface PartialAggregate {
  /** The column in which the outer expression expects the result. */
  readonly column: string
  readonly columns: readonly PartialColumn[]
  /** The result from the merged parts, of the type that the aggregate itself has. */
  readonly final: (parts: readonly string[]) => string
}

export interface PartialColumn {
  /** Aggregate over one batch. */
  readonly of: string
  /** Aggregate over several parts. */
  readonly merge: (part: string) => string
}

/** null: needs all records. `type` is the type of the call, `argumentType` that of its argument. */
export function partialsOf(call: AggregateCall, type: string, argumentType: string): PartialAggregate | null {
  if (!call.simple) return null
  const { column, name } = call
  const asBefore = (merge: (part: string) => string) => (part: string) => `CAST(${merge(part)} AS ${type})`
  const kept = (merge: (part: string) => string) => ({
    column,
    columns: [{ of: call.call, merge: asBefore(merge) }],
    final: ([part]: readonly string[]) => part!,
  })
  if (name === 'count' || name === 'count_star') return kept(added)
  if (name === 'count_if' || name === 'countif') return kept((part) => `sum(${part})`)
  if (call.argument === null) return null
  if (name === 'sum') return isNumber(argumentType) ? kept((part) => `sum(${part})`) : null
  if (name === 'avg' || name === 'mean') return isNumber(argumentType) ? average(call) : null
  return SELF_MERGING.has(name) ? kept((part) => `${name}(${part})`) : null
}

/** The aggregate of the parts' results is the aggregate of the whole. */
const SELF_MERGING = new Set(['min', 'max', 'bool_and', 'bool_or', 'bit_and', 'bit_or', 'bit_xor'])

/** A count of nothing is 0, a sum of nothing is NULL. */
const added = (part: string): string => `coalesce(sum(${part}), 0)`

/** The sum stays exact for integers and decimals, and is divided once. */
function average({ column, argument, filter }: AggregateCall): PartialAggregate {
  const where = filter === null ? '' : ` FILTER (WHERE ${filter})`
  return {
    column,
    columns: [
      { of: `sum(${argument})${where}`, merge: (part) => `sum(${part})` },
      { of: `count(${argument})${where}`, merge: (part) => `CAST(${added(part)} AS BIGINT)` },
    ],
    final: ([sum, count]) => `(CAST(${sum} AS DOUBLE) / ${count})`,
  }
}

function isNumber(type: string): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)
}
