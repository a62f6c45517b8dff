/** Runs one operator over batches as the engine does: materialise, each, count, absorb, all in one transaction; then end. */
import { join } from 'node:path'
import type { Counters } from '../../core/record/counters.js'
import { noRecords } from '../../core/record/counters.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { allOrNothing } from '../../engine/compute.js'
import { copyToParquet, selectFromParquet } from '../../engine/parquet.js'
import { resolveConfig } from '../../engine/resolve-config.js'
import { type Compiled, countOf, type Input, type Operator } from '../../operators/operator.js'

export interface OperatorRun {
  /** All records that left, in order, and their columns. */
  readonly schema: Schema
  readonly rows: readonly (readonly unknown[])[]
  readonly counters: Pick<Counters, 'in' | 'out' | 'passed' | 'filtered' | 'absorbed'>
}

export interface OperatorSetting {
  readonly operator: Operator
  /** As a user writes it. */
  readonly config: unknown
  /** By port: a table of the session with all its records. Non-blocking ports come one after another. */
  readonly inputs: Readonly<Record<string, string>>
  /** Where each port's records are cut into batches. */
  readonly cuts?: readonly number[]
  /** State goes through Parquet and a fresh table after each batch, as after a crash. */
  readonly restore?: boolean
  readonly now?: string
  /** The column of event time of every port. */
  readonly time?: string
}

export async function runOperator(session: Session, setting: OperatorSetting): Promise<OperatorRun> {
  const { operator } = setting
  const ports = Object.keys(setting.inputs)
  const config = await resolveConfig(operator.config, setting.config, values(setting), {
    secret: nothing,
    environment: {},
  })
  const inputs = await Promise.all(ports.map((port) => openInput(session, setting, port)))
  const compiled = await operator.compile(config, inputs, { nodeId: 'node', mode: 'BATCH', at: values(setting).now })
  for (const { table, create } of compiled.state ?? []) await session.run(`DROP TABLE IF EXISTS ${table}; ${create}`)
  const schema = await session.describe(compiled.each ?? compiled.end!)
  await session.run(`CREATE OR REPLACE TABLE "all out" AS ${compiled.each ?? compiled.end!} LIMIT 0`)
  let counters = noRecords
  for (const input of inputs.filter(({ port }) => !isBlocking(operator, port))) {
    for (const [from, to] of batches(
      await session.count(`SELECT count(*) FROM ${identifier(setting.inputs[input.port]!)}`),
      setting.cuts ?? [],
    )) {
      const before = counters
      const select = `SELECT * FROM ${identifier(setting.inputs[input.port]!)} LIMIT ${to - from} OFFSET ${from}`
      counters = await allOrNothing(session, () => runBatch(session, compiled, input, select, before))
      if (setting.restore) await restoreState(session, compiled)
    }
  }
  if (compiled.end !== undefined) {
    await session.run(`CREATE OR REPLACE TABLE "ended" AS ${compiled.end}`)
    await session.run('INSERT INTO "all out" SELECT * FROM "ended"')
    counters = { ...counters, out: counters.out + (await session.count('SELECT count(*) FROM "ended"')) }
  }
  const rows = await session.rows('SELECT * FROM "all out" ORDER BY rowid')
  for (const { table } of [...inputs, ...(compiled.state ?? [])]) await session.run(`DROP TABLE ${table}`)
  const { in: arrived, out, passed, filtered, absorbed } = counters
  return { schema, rows, counters: { in: arrived, out, passed, filtered, absorbed } }
}

const nothing = async () => ''

function values({ now, inputs }: OperatorSetting) {
  return {
    parameters: {},
    declarations: {},
    logicalTime: '2026-01-31T10:00:00.000Z',
    executionId: 'e',
    now: now ?? '2026-01-31T10:00:00.000Z',
    tables: Object.keys(inputs),
  }
}

const isBlocking = (operator: Operator, port: string) =>
  operator.ports !== 'MANY' &&
  operator.ports.some((candidate) => candidate.name === port && candidate.blocking !== undefined)

/** Blocking ports hold all their records from the start, the others none yet. */
async function openInput(session: Session, { operator, inputs, time }: OperatorSetting, port: string): Promise<Input> {
  const from = inputs[port]!
  const table = identifier(`in ${port}`)
  const schema = await session.describe(`SELECT * FROM ${identifier(from)}`)
  await session.run(
    `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${identifier(from)} ${isBlocking(operator, port) ? '' : 'LIMIT 0'}`,
  )
  return { port, table, schema, time: time ?? null, met: null }
}

function batches(records: number, cuts: readonly number[]): [number, number][] {
  const ends = [...new Set([...cuts.filter((cut) => cut > 0 && cut < records), records])].sort((a, b) => a - b)
  return ends.map((end, index) => [ends[index - 1] ?? 0, end])
}

async function runBatch(
  session: Session,
  { each, absorb = [], accounting }: Compiled,
  input: Input,
  select: string,
  before: Counters,
): Promise<Counters> {
  await session.run(`CREATE OR REPLACE TABLE ${input.table} AS ${select}`)
  const arrived = await session.count(`SELECT count(*) FROM ${input.table}`)
  let out = 0
  if (each !== null) {
    await session.run(`CREATE OR REPLACE TABLE "next" AS ${each}`)
    out = await session.count('SELECT count(*) FROM "next"')
    await session.run('INSERT INTO "all out" SELECT * FROM "next"')
  }
  const own = typeof accounting === 'object' ? await session.count(countOf(accounting)) : null
  const absorbs = accounting === 'ABSORBS' || (typeof accounting === 'object' && 'absorbed' in accounting)
  const passed = absorbs ? out : (own ?? (accounting === 'FANS_OUT' ? arrived : out))
  const absorbed = absorbs ? (own ?? arrived - passed) : 0
  for (const statement of absorb) await session.run(statement)
  await session.run(`CREATE OR REPLACE TABLE ${input.table} AS SELECT * FROM ${input.table} LIMIT 0`)
  return {
    ...before,
    in: before.in + arrived,
    out: before.out + out,
    passed: before.passed + passed,
    filtered: before.filtered + arrived - passed - absorbed,
    absorbed: before.absorbed + absorbed,
  }
}

async function restoreState(session: Session, { state = [] }: Compiled): Promise<void> {
  for (const { table, create } of state) {
    const file = join(session.folder, 'state.parquet')
    const schema = await session.describe(`SELECT * FROM ${table}`)
    await session.run(copyToParquet(`SELECT * FROM ${table}`, schema, file))
    await session.run(`DROP TABLE ${table}`)
    await session.run(create)
    await session.run(`INSERT INTO ${table} ${selectFromParquet([file], schema)}`)
  }
}
