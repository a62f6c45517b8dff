import { z } from 'zod'
import { JobError } from '../core/errors/job-error.js'
import { parseDuration } from '../core/spec/duration.js'
import { nearestHint } from '../core/spec/nearest.js'
import { pointerTo } from '../core/spec/pointer.js'
import { identifier, text } from '../duckdb/sql.js'
import { canonicalType } from '../duckdb/type-names.js'
import type { ResultColumn, ResultKind } from '../functions/spi.js'
import { duration } from './config.js'
import { attempt } from './failing.js'
import { defineOperator } from './operator.js'

const config = z
  .strictObject({
    module: z
      .string()
      .regex(
        /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_@][\w.-]*)*$/,
        'Expected a module by its name below the function path, such as prices or clean/prices.js.',
      )
      .describe('A file below ETL_FUNCTION_PATH, with or without its extension: .js, .mjs, or .ts from Node 22.18 on.'),
    export: z.string().min(1).default('default').describe('The function, by the name under which it is exported.'),
    config: z.unknown().optional().describe('Given to the function as it is.'),
    columns: z
      .record(z.string().min(1), z.string().trim().min(1))
      .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
      .describe('Columns of the records that it gives, by name, with their types.'),
    timeout: duration('How long it may take for one batch of at most 4,096 records.').default('1m'),
    deterministic: z
      .literal(true, 'Expected true: what a function gives is not captured, so that it must be the same each time.')
      .default(true)
      .describe('What it gives depends on nothing but its records, `config` and `at`: an epoch may be run again.'),
  })
  .meta({
    title: 'Function',
    description: [
      '`export default function (records, { config, at, signal }) { return records }`, or an async one: from a list of records to a list of records, as many as it likes, a batch at a time.',
      'What it gives for a record must not depend on which others come with it, nor on what came before; `at` is the time of the plan, and takes the place of the clock.',
      'A record for which it throws, gives another type than `columns` says, or ends its process is a bad record, found by trying smaller and smaller batches; one that takes too long fails the attempt.',
      'STREAMING: event time ends here; name it again on a MAP after.',
      'It runs in a process of its own that has no secrets, reads files of the function path only, and is ended when the job is cancelled. What it prints is shown by `etl run`, on standard error, and nowhere else.',
      'Types: BOOLEAN is a boolean; TINYINT, SMALLINT, INTEGER, FLOAT and DOUBLE are numbers; BIGINT and larger are bigints; DECIMAL, dates, times, UUID, ENUM, JSON and intervals are text as SQL writes them (`1.10`, `2026-01-31`, `2026-01-31 10:00:00.123456`, in UTC); BLOB is a Uint8Array; a list is an array, a STRUCT an object, a MAP an array of pairs; NULL is null.',
      'It may give besides: a whole number for BIGINT, a number for DECIMAL, a Date for a date or time, an object or a Map for a MAP, nothing at all for NULL.',
    ].join(' '),
  })

export const functionCall = defineOperator({
  type: 'FUNCTION',
  summary: 'Calls a function in JavaScript or TypeScript with the records.',
  config,
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: async ({ module, export: name, config, columns, timeout }, [input], { nodeId, at }) => {
    const results = await Promise.all(Object.entries(columns).map(([column, type]) => resultColumn(column, type)))
    const table = identifier(`given ${nodeId}`)
    const staged = results.map(({ kind }, index) => `c${index} ${STAGED[kind] ?? 'VARCHAR'}`)
    const values = results.map((column, index) => `${typedValue(column, index)} AS ${identifier(column.name)}`)
    return {
      each: `SELECT ${values.join(', ')} FROM ${table}`,
      call: {
        reference: { module, export: name, config },
        from: input!,
        given: { table, create: `CREATE OR REPLACE TABLE ${table} (${staged.join(', ')})` },
        results,
        faults: faultsIn(table, results),
        at,
        timeoutMs: parseDuration(timeout)!,
      },
      accounting: 'FANS_OUT',
    }
  },
})

async function resultColumn(name: string, written: string): Promise<ResultColumn> {
  const type = await canonicalType(written)
  if (type !== null) return { name, type, kind: kindOf(type) }
  throw new JobError('sql.invalid', `There is no type \`${written}\`.`, {
    pointer: pointerTo(['columns', name]),
    hint: nearestHint(written, TYPES) ?? `Types: ${TYPES.join(', ')}.`,
  })
}

const TYPES = [
  ...['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL(18,2)', 'VARCHAR', 'DATE', 'TIMESTAMP', 'BLOB'],
  ...['VARCHAR[]', 'STRUCT(a INTEGER, b VARCHAR)', 'MAP(VARCHAR, INTEGER)'],
]

function kindOf(type: string): ResultKind {
  if (type.endsWith(']')) return 'LIST'
  const [family = ''] = /^\w+/.exec(type) ?? []
  return KINDS[family] ?? 'TEXT'
}

const KINDS: Readonly<Record<string, ResultKind>> = {
  BOOLEAN: 'BOOLEAN',
  ...Object.fromEntries(
    ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER'].map((name) => [name, 'LONG']),
  ),
  ...Object.fromEntries(['UBIGINT', 'HUGEINT', 'UHUGEINT'].map((name) => [name, 'HUGE'])),
  FLOAT: 'DOUBLE',
  DOUBLE: 'DOUBLE',
  DECIMAL: 'DECIMAL',
  BLOB: 'BYTES',
  ...Object.fromEntries(
    ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS'].map((name) => [name, 'TIME']),
  ),
  STRUCT: 'OBJECT',
  MAP: 'MAP',
}

/** What goes over as it is; everything else as text, which is exact. */
const STAGED: Partial<Record<ResultKind, string>> = {
  BOOLEAN: 'BOOLEAN',
  LONG: 'BIGINT',
  DOUBLE: 'DOUBLE',
  BYTES: 'BLOB',
}

function typedValue({ type, kind }: ResultColumn, index: number): string {
  const given = ['LIST', 'OBJECT', 'MAP'].includes(kind) ? `CAST(c${index} AS JSON)` : `c${index}`
  return `CAST(${given} AS ${type})`
}

function faultsIn(table: string, results: readonly ResultColumn[]): string {
  const faults = results.map((column, index) => {
    const what = text(`It gives for the column \`${column.name}\` what is no ${column.type}: `)
    return `WHEN ${attempt(typedValue(column, index))} IS NULL THEN ${what} || left(CAST(c${index} AS VARCHAR), 100)`
  })
  return `SELECT fault FROM (SELECT CASE ${faults.join(' ')} END AS fault FROM ${table}) WHERE fault IS NOT NULL`
}
