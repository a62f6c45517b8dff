/** One batch through the steps of a chain: one statement per step, all of them or none. */
import { isJobError, JobError } from '../core/errors/job-error.js'
import type { Counters } from '../core/record/counters.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import { countOf, type Decision } from '../operators/operator.js'
import { callFunction } from './call.js'
import type { Step } from './chain.js'
import type { Stamps } from './stamps.js'

/** Records at each point, and what each node counted. */
export interface Computed {
  readonly at: ReadonlyMap<string, number>
  readonly counted: readonly (readonly [nodeId: string, delta: Partial<Counters>])[]
}

/** `records` stand at `point`; steps that nothing reaches are left out, and have no table. */
export async function computeBatch(
  session: Session,
  steps: readonly Step[],
  point: string,
  records: number,
  stamps: Stamps,
): Promise<Computed> {
  const at = new Map([[point, records]])
  const counted: [string, Partial<Counters>][] = []
  for (const step of steps) {
    const arrived = recordsInto(step, at)
    if (arrived === 0) continue
    const { out, late, delta } =
      step.view === null
        ? await runStep(session, step, arrived, stamps)
        : await runAsView(session, step, step.view, arrived)
    at.set(step.point, out)
    if (step.late !== null) at.set(step.late.point, late)
    counted.push([step.node.id, delta])
  }
  return { at, counted }
}

/** State that a failed batch has touched is as it was before. */
export async function allOrNothing<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run('BEGIN TRANSACTION')
  try {
    const answer = await work()
    await session.run('COMMIT')
    return answer
  } catch (error) {
    await session.run('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Runs a step over what stands at its input; its output stands at its point. */
export async function runStep(
  session: Session,
  step: Step,
  records: number,
  /** null: no step of the path names a watermark. */
  stamps: Stamps | null,
  /** When the output stands, and before any state has changed. */
  between: () => Promise<void> = async () => undefined,
): Promise<Ran> {
  const { each, absorb = [], accounting } = step.compiled
  return await timed(step, async () => {
    const out =
      each === null
        ? 0
        : step.calling !== undefined
          ? await callFunction(session, step, step.calling, records)
          : await materialise(session, step.point, each)
    if (stamps?.isNeeded(step.node) === true) await stampOutput(session, step, stamps)
    if (step.compiled.decide !== undefined) await decide(session, step.compiled.decide)
    const late = step.late === null ? 0 : await materialise(session, step.late.point, step.late.select)
    const counted = typeof accounting === 'object' ? await session.count(countOf(accounting)) : null
    await between()
    for (const statement of absorb) await session.run(statement)
    return { out, late, delta: { ...account(step, records, out, counted), late } }
  })
}

async function stampOutput(session: Session, { node, point }: Step, stamps: Stamps): Promise<void> {
  const bare = identifier(`bare ${node.id}`)
  await session.run(`ALTER TABLE ${point} RENAME TO ${bare}`)
  await stamps.stamp(session, node, bare, point)
  await session.run(`DROP TABLE ${bare}`)
}

async function decide(session: Session, { before, ask, answer }: Decision): Promise<void> {
  await session.run(before.join('; '))
  const rows: unknown[][][] = []
  for (const question of ask) rows.push(await session.rows(question))
  for (const { table, columns } of answer(rows)) if ((columns[0]?.length ?? 0) > 0) await session.append(table, columns)
}

interface Ran {
  readonly out: number
  readonly late: number
  readonly delta: Partial<Counters>
}

/** Counting evaluates its condition for every record: a bad one shows here, and not at the step that reads the view. */
async function runAsView(session: Session, step: Step, view: string, records: number): Promise<Ran> {
  return await timed(step, async () => {
    await session.run(`DROP TABLE IF EXISTS ${step.point}; CREATE VIEW ${step.point} AS ${view}`)
    const out = await session.count(`SELECT count(*) FROM ${step.point}`)
    return { out, late: 0, delta: account(step, records, out, null) }
  })
}

async function timed(step: Step, work: () => Promise<Ran>): Promise<Ran> {
  const started = performance.now()
  try {
    const { delta, ...ran } = await work()
    return { ...ran, delta: { ...delta, processingMs: performance.now() - started } }
  } catch (error) {
    throw isJobError(error) && error.nodeId === undefined
      ? new JobError(error.code, error.message, { nodeId: step.node.id, cause: error, ...hintOf(error) })
      : error
  }
}

/** Evaluation errors must surface here, before a sink has seen anything of the batch. */
export async function materialise(session: Session, table: string, select: string): Promise<number> {
  await session.run(`CREATE OR REPLACE TABLE ${table} AS ${select}`)
  return await session.count(`SELECT count(*) FROM ${table}`)
}

export function isBadRecord(error: unknown): error is JobError {
  return isJobError(error) && error.code === 'record.bad'
}

/** How many records stand before a step, and where. */
export function recordsInto(step: Step, at: ReadonlyMap<string, number>): number {
  return step.feeds.reduce((sum, feed) => sum + (at.get(feed) ?? 0), 0)
}

/** I8: in = passed + filtered + absorbed; what failed is counted where it is told apart. */
export function account(step: Step, records: number, out: number, own: number | null): Partial<Counters> {
  const { accounting } = step.compiled
  const counted = { in: records, out }
  switch (accounting) {
    case 'MAPS':
      if (out !== records) throw mismatch(step, records, out)
      return { ...counted, passed: out }
    case 'FILTERS':
      if (out > records) throw mismatch(step, records, out)
      return { ...counted, passed: out, filtered: records - out }
    case 'FANS_OUT':
      return { ...counted, passed: records }
    case 'ABSORBS':
      if (out > records) throw mismatch(step, records, out)
      return { ...counted, passed: out, absorbed: records - out }
    default:
      if (own === null || own > records) throw mismatch(step, records, own ?? 0)
      return { ...counted, ['passed' in accounting ? 'passed' : 'absorbed']: own, filtered: records - own }
  }
}

function mismatch(step: Step, records: number, out: number): JobError {
  return new JobError('accounting.mismatch', `${step.node.id} took ${records} records and made ${out} of them.`, {
    nodeId: step.node.id,
  })
}

function hintOf(error: JobError): { readonly hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint }
}
