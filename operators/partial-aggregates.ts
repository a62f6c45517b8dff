/** Aggregates that can be computed batch by batch: what is kept, how two parts merge, what they give in the end. */
import type { AggregateCall } from '../duckdb/aggregates.js'

export interface PartialAggregate {
  /** The column in which the outer expression expects the result. */
  readonly column: string
  readonly columns: readonly PartialColumn[]
  /** The result, of the type that the aggregate itself has. */
  readonly final: (parts: readonly string[]) => string
}

export interface PartialColumn {
  /** Aggregate over one batch. */
  readonly of: string
  readonly merge: (a: string, b: string) => string
}

/** null: needs all records. `type` is the type of the call, `argumentType` that of its argument. */
export function partialsOf(call: AggregateCall, type: string, argumentType: string): PartialAggregate | null {
  if (!call.simple) return null
  const { column, name } = call
  const exactly = (expression: string) => `CAST(${expression} AS ${type})`
  if (COUNTS.has(name)) return kept(column, call.call, (a, b) => exactly(`${a} + ${b}`))
  if (call.argument === null) return null
  if (name === 'sum')
    return isNumber(argumentType) ? kept(column, call.call, (a, b) => exactly(either('+')(a, b))) : null
  if (name === 'avg' || name === 'mean') return isNumber(argumentType) ? average(call) : null
  // Unlike count, it is NULL where no condition has a value.
  if (name === 'count_if' || name === 'countif') return kept(column, call.call, (a, b) => exactly(either('+')(a, b)))
  const merge = MERGES[name]
  return merge === undefined ? null : kept(column, call.call, merge)
}

const COUNTS = new Set(['count', 'count_star'])

/** A group may have no value in one of two batches: then the other's stands. */
const either = (operator: string) => (a: string, b: string) => `coalesce(${a} ${operator} ${b}, ${a}, ${b})`

const MERGES: Readonly<Record<string, (a: string, b: string) => string>> = {
  min: (a, b) => `least(${a}, ${b})`,
  max: (a, b) => `greatest(${a}, ${b})`,
  bool_and: either('AND'),
  bool_or: either('OR'),
  bit_and: either('&'),
  bit_or: either('|'),
  bit_xor: (a, b) => `coalesce(xor(${a}, ${b}), ${a}, ${b})`,
}

function kept(column: string, of: string, merge: PartialColumn['merge']): PartialAggregate {
  return { column, columns: [{ of, merge }], final: ([part]) => part! }
}

/** The sum stays exact for integers and decimals, and is divided once. */
function average({ column, argument, filter }: AggregateCall): PartialAggregate {
  const where = filter === null ? '' : ` FILTER (WHERE ${filter})`
  return {
    column,
    columns: [
      { of: `sum(${argument})${where}`, merge: either('+') },
      { of: `count(${argument})${where}`, merge: (a, b) => `${a} + ${b}` },
    ],
    final: ([sum, count]) => `(CAST(${sum} AS DOUBLE) / ${count})`,
  }
}

function isNumber(type: string): boolean {
  return /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(
    type,
  )
}
