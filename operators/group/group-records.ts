/** Grouping and aggregating: what AGGREGATE and WINDOW share. Partial results where every aggregate allows it, else records. */

import { JobError } from '../../core/errors/job-error.js'
import { sameName } from '../../core/record/schema.js'
import { type AggregateCall, referencedColumns, splitAggregates } from '../../duckdb/aggregates.js'
import { typesOf } from '../../duckdb/syntax-tree.js'
import { attempt, failingTried, type Tried } from '../failing.js'
import type { Compiled } from '../operator.js'
import { keepWindows, type Streaming } from '../window/keep-windows.js'
import { type Grouping, type Records, seenColumns, type Updates, type Windows } from './grouping.js'
import { keepPartials } from './keep-partials.js'
import { keepRecords } from './keep-records.js'
import { partialsOf } from './partial-aggregates.js'
import { updatePartials } from './update-partials.js'
import { updateRecords } from './update-records.js'

export interface Asked {
  readonly nodeId: string
  readonly records: Records
  readonly groupBy: readonly string[]
  readonly aggregates: Readonly<Record<string, string>>
  readonly windows: Windows | null
  /** Groups in STREAMING; null: they are emitted at the end. */
  readonly updates: Updates | null
  /** Windows in STREAMING; absent: everything is told at the end. */
  readonly streaming?: Streaming
}

export async function groupRecords({
  nodeId,
  records,
  groupBy,
  aggregates,
  windows,
  updates,
  streaming,
}: Asked): Promise<Compiled> {
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
  const seen = seenColumns(grouping)
  const types = await typesOf(
    calls.map((call) => call.call),
    seen,
  )
  const argumentTypes = await typesOf(
    calls.map((call) => call.argument ?? 'NULL'),
    seen,
  )
  const partials = calls.map((call, index) => partialsOf(call, types[index]!, argumentTypes[index]!))
  const whole =
    windows?.merge != null &&
    (await readWindows(
      windows,
      calls.map(({ call }) => call),
    ))
  const kept = !whole && partials.every((partial) => partial !== null) ? partials : null
  // Records that are kept as they are cannot fail before the end, but for their place in time.
  const tried = kept === null ? (windows === null ? [] : [windows.tried]) : await triedOf(calls, windows)
  if (streaming !== undefined && windows !== null)
    return { ...keepWindows({ ...grouping, windows }, kept, streaming), ...failing(records, tried) }
  const compiled =
    kept === null
      ? updates === null
        ? keepRecords(grouping)
        : updateRecords(grouping, updates)
      : updates === null
        ? keepPartials(grouping, kept)
        : updatePartials(grouping, kept, updates)
  return { ...compiled, ...failing(records, tried) }
}

/** What is computed for each record before it is aggregated. */
async function triedOf(calls: readonly AggregateCall[], windows: Windows | null): Promise<Tried[]> {
  const tried = windows === null ? [] : [windows.tried]
  for (const { call, argument, filter } of calls)
    for (const expression of [argument, filter]) {
      // A record may be in several windows, and fail in one of them: that is found by trial.
      if (expression === null || (windows !== null && (await readWindows(windows, [expression])))) continue
      tried.push({ sql: attempt(expression), what: `What \`${call}\` needs cannot be computed: ${expression}` })
    }
  return tried
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
