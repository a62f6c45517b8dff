/** Grouping and aggregating: what AGGREGATE and WINDOW share. Partial results where every aggregate allows it, else records. */
import { JobError } from '../../core/errors/job-error.js'
import { sameName } from '../../core/record/schema.js'
import { type AggregateCall, referencedColumns, splitAggregates } from '../../duckdb/aggregates.js'
import { identifier } from '../../duckdb/sql.js'
import { typesOf } from '../../duckdb/syntax-tree.js'
import { attempt, failingTried, type Tried } from '../failing.js'
import type { Compiled } from '../operator.js'
import { type Grouping, type Records, seenColumns, type Windows } from './grouping.js'
import type { Keeping } from './keeping.js'
import { type PartialAggregate, partialsOf } from './partial-aggregates.js'

export interface Aggregation {
  readonly nodeId: string
  readonly records: Records
  readonly groupBy: readonly string[]
  readonly aggregates: Readonly<Record<string, string>>
  readonly windows: Windows | null
  readonly keeping: Keeping
}

export async function groupRecords(aggregation: Aggregation): Promise<Compiled> {
  const { nodeId, records, groupBy, aggregates, windows, keeping } = aggregation
  const results = await Promise.all(
    Object.entries(aggregates).map(async ([name, expression], index) => ({
      name,
      split: await splitAggregates(expression, `aggregate ${index}.`),
    })),
  )
  const grouping: Grouping = {
    nodeId,
    records,
    keys: [...groupBy, ...(windows?.columns ?? []).map(({ name }) => name)],
    results,
    windows,
  }
  checkNames(grouping)
  const calls = results.flatMap(({ split }) => split.aggregates)
  const partials = await partialsOfAll(calls, grouping)
  const values = await valuesOf(calls, windows)
  const tried = [...(windows === null ? [] : [windows.tried]), ...values.map(triedOf)]
  const compiled = partials === null ? keeping.records(grouping) : keeping.partials(grouping, partials)
  // Records that are kept as they are would fail at the end, when nobody knows any more where they came from.
  const computed = partials === null ? values.filter(({ expression }) => !isColumn(expression, records)) : []
  const absorb = [...computeOnce(records, computed), ...(compiled.absorb ?? [])]
  return { ...compiled, absorb, ...failing(records, tried) }
}

/** null: not every aggregate has partial results, or one reads of a window what is known only when it is whole. */
async function partialsOfAll(calls: readonly AggregateCall[], grouping: Grouping): Promise<PartialAggregate[] | null> {
  const { windows } = grouping
  const expressions = calls.map(({ call }) => call)
  const seen = seenColumns(grouping)
  const types = await typesOf(expressions, seen)
  const argumentTypes = await typesOf(
    calls.map(({ argument }) => argument ?? 'NULL'),
    seen,
  )
  const partials = calls.map((call, index) => partialsOf(call, types[index]!, argumentTypes[index]!))
  if (windows?.merge != null && (await readWindows(windows, expressions))) return null
  return partials.every((partial) => partial !== null) ? partials : null
}

interface Value {
  readonly call: string
  readonly expression: string
}

/** What is computed for each record before it is aggregated. */
async function valuesOf(calls: readonly AggregateCall[], windows: Windows | null): Promise<Value[]> {
  const values: Value[] = []
  for (const { call, argument, filter } of calls)
    for (const expression of [argument, filter]) {
      // A record may be in several windows, and fail in one of them: that is found by trial.
      if (expression === null || (windows !== null && (await readWindows(windows, [expression])))) continue
      values.push({ call, expression })
    }
  return values
}

const triedOf = ({ call, expression }: Value): Tried => ({
  sql: attempt(expression),
  what: `What \`${call}\` needs cannot be computed: ${expression}`,
})

function isColumn(expression: string, { schema }: Records): boolean {
  return schema.some(({ name }) => [name, identifier(name)].some((own) => sameName(own, expression)))
}

function computeOnce({ from }: Records, values: readonly Value[]): string[] {
  if (values.length === 0) return []
  return [`SELECT ${values.map(({ expression }) => `count(${expression})`).join(', ')} FROM ${from}`]
}

async function readWindows({ columns }: Windows, expressions: readonly string[]): Promise<boolean> {
  const read = (await Promise.all(expressions.map((expression) => referencedColumns(expression)))).flat()
  return columns.some(({ name }) => read.some((column) => sameName(column, name)))
}

function failing({ table }: Records, tried: readonly Tried[]): { readonly failing?: string } {
  return tried.length === 0 ? {} : { failing: failingTried(table, tried) }
}

function checkNames({ keys, results, windows }: Grouping): void {
  const taken = results.find(({ name }) => keys.some((key) => sameName(key, name)))
  if (taken !== undefined) {
    const own = windows?.columns.some(({ name }) => sameName(name, taken.name))
    const message = own
      ? `The window adds \`${taken.name}\` itself.`
      : `\`${taken.name}\` is a column of groupBy already.`
    throw new JobError('sql.invalid', message, { hint: 'Give the aggregate another name.' })
  }
  if (keys.length + results.length === 0) {
    throw new JobError('sql.invalid', 'There is nothing to compute.', {
      hint: 'Name columns in `groupBy` or `aggregates`.',
    })
  }
}
