/** What an operator makes of its inputs: its statements bound over empty tables of their schemas, before anything runs. */
import { JobError } from '../core/errors/job-error.js'
import { metColumn } from '../core/graph/event-time.js'
import type { Schema } from '../core/record/schema.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import { type Call, type Compiled, countOf, type Input, type Operator, type Setting } from '../operators/operator.js'
import { columnsOf } from './chain.js'

export interface BoundInput {
  readonly port: string
  readonly schema: Schema
  readonly time: string | null
  /** Of event time that come with its records. */
  readonly watermarks: readonly string[]
}

/** Throws `sql.invalid` where a column or a type does not fit. Leaves nothing behind in the session. */
export async function bindOperator(
  session: Session,
  operator: Operator,
  config: unknown,
  setting: Setting,
  given: readonly BoundInput[],
): Promise<Bound> {
  return await withEmptyTables(session, setting, given, async (inputs) => {
    const compiled = await operator.compile(config, inputs, setting)
    const bound = await bindCompiled(session, compiled)
    // It stands behind the columns of the schema; one that a person has called so is told of.
    const met = inputs.some((input) => input.met !== null) ? bound.map(({ name }) => name).lastIndexOf(metColumn) : -1
    const schema = bound.filter((_, index) => index !== met)
    refuseSameNames(schema)
    return { schema, call: compiled.call ?? null }
  })
}

export interface Bound {
  readonly schema: Schema
  readonly call: Call | null
}

/** The type of an expression over the inputs, each of which goes by the name of its port. */
export async function bindExpression(
  session: Session,
  expression: string,
  nodeId: string,
  given: readonly BoundInput[],
): Promise<string> {
  return await withEmptyTables(session, { nodeId, mode: 'BATCH' }, given, async (inputs) => {
    const from = inputs.map(({ table, port }) => `${table} AS ${identifier(port)}`).join(', ')
    const schema = await session.describe(`SELECT (${expression}) FROM ${from}`)
    return schema[0]?.type ?? 'VARCHAR'
  })
}

async function withEmptyTables<T>(
  session: Session,
  { nodeId, mode }: Pick<Setting, 'nodeId' | 'mode'>,
  given: readonly BoundInput[],
  use: (inputs: readonly Input[]) => Promise<T>,
): Promise<T> {
  const inputs = given.map(({ port, schema, time, watermarks }) => {
    const met = mode === 'STREAMING' && watermarks.length > 0 ? identifier(metColumn) : null
    return { port, schema, time, met, table: identifier(`bind ${nodeId} ${port}`) }
  })
  await session.run('BEGIN TRANSACTION')
  try {
    for (const input of inputs) await session.run(createEmpty(input.table, columnsOf(input)))
    return await use(inputs)
  } finally {
    // A statement that failed may have ended the transaction already.
    await session.run('ROLLBACK').catch(() => undefined)
  }
}

function createEmpty(table: string, schema: Schema): string {
  return `CREATE TABLE ${table} (${schema.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`
}

async function bindCompiled(
  session: Session,
  { each, call, decide, absorb = [], late, end, close, state = [], accounting }: Compiled,
): Promise<Schema> {
  for (const table of state) await session.run(table.create)
  if (call !== undefined) await session.run(call.given.create)
  const early = each === null ? null : await session.describe(each)
  for (const statement of decide?.before ?? []) await session.run(statement)
  for (const question of decide?.ask ?? []) await session.describe(question)
  if (typeof accounting === 'object') await session.describe(countOf(accounting))
  if (late !== undefined) await session.describe(late)
  for (const statement of absorb) await session.run(statement)
  const closing = close?.(Infinity)
  for (const statement of closing?.before ?? []) await session.run(statement)
  const last = closing?.emit ?? end
  const schema = early ?? (last === undefined ? null : await session.describe(last))
  for (const statement of closing?.after ?? []) await session.run(statement)
  if (schema === null) throw new JobError('internal', 'The operator emits nothing.')
  return schema
}

/** Names differ by more than case, or the next operator could not tell the columns apart. */
function refuseSameNames(schema: Schema): void {
  const seen = new Set<string>()
  for (const { name } of schema) {
    if (seen.has(name.toLowerCase())) {
      const hint = 'Choose the columns, or give one of them another name.'
      throw new JobError('sql.invalid', `The output would have two columns \`${name}\`.`, { hint })
    }
    seen.add(name.toLowerCase())
  }
}
