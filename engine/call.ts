/** Steps whose records go through a function in a process of its own: a part of the batch at a time, in order. */
import { JobError } from '../core/errors/job-error.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { FunctionProcess, Functions } from '../functions/spi.js'
import type { Call } from '../operators/operator.js'
import type { FailedRow, RanApart } from './bad-records/step-apart.js'
import type { Chain, Step } from './chain.js'
import type { Held } from './sessions.js'

/** Records of one call: what they take in memory is bounded, and one more call is dear. */
const mostRecords = 4_096

/** The processes live as long as the session. */
export function withFunctions(chain: Chain, held: Held, functions: Functions): Chain {
  const steps = chain.steps.map((step): Step => {
    const { call } = step.compiled
    if (call === undefined) return step
    const process = held.attach(`function ${step.node.id}`, () => functions.open(call.reference))
    return { ...step, calling: { call, process } }
  })
  return { ...chain, steps }
}

export interface Calling {
  readonly call: Call
  readonly process: FunctionProcess
}

/** Makes the step's output of all its records; answers how many it has. Throws what the first of them is bad for. */
export async function callFunction(session: Session, step: Step, calling: Calling, records: number): Promise<number> {
  const part = await opened(session, step, calling)
  for (let from = 0; from < records; from += mostRecords) {
    const fault = await part(from, Math.min(records, from + mostRecords))
    if (fault !== null) throw new JobError('record.bad', fault)
  }
  return await outOf(session, step)
}

/** The same where some of them are bad: these are found by halving. */
export async function callApart(
  session: Session,
  step: Step,
  calling: Calling,
  records: number,
  most: number,
): Promise<RanApart> {
  const started = performance.now()
  const part = await opened(session, step, calling)
  const failed: FailedRow[] = []
  const take = async (from: number, to: number): Promise<void> => {
    if (failed.length >= most) return
    const fault = await part(from, to)
    if (fault === null) return
    if (to - from === 1) {
      failed.push({ row: from, code: 'record.bad', message: fault })
      return
    }
    const middle = (from + to) >> 1
    await take(from, middle)
    await take(middle, to)
  }
  for (let from = 0; from < records; from += mostRecords) await take(from, Math.min(records, from + mostRecords))
  const out = await outOf(session, step)
  const good = records - failed.length
  return { out, late: 0, deltas: [{ in: good, out, passed: good, processingMs: performance.now() - started }], failed }
}

/** Adds to the output what the function gives for a range of records; or says why nothing of it was added. */
async function opened(
  session: Session,
  step: Step,
  { call, process }: Calling,
): Promise<(from: number, to: number) => Promise<string | null>> {
  const { from: input, given, results, faults, at, timeoutMs } = call
  const names = input.schema.map((column) => column.name)
  const columns = names.map(identifier).join(', ')
  const select = step.compiled.each!
  // Within a transaction places are larger than what a number of JavaScript can tell apart.
  const [[first] = []] = await session.rows(`SELECT min(rowid) FROM ${input.table}`)
  const place = (index: number) => BigInt(first as bigint) + BigInt(index)
  await session.run(`${given.create}; CREATE OR REPLACE TABLE ${step.point} AS ${select}`)
  return async (from, to) => {
    const range = `rowid >= ${place(from)} AND rowid < ${place(to)}`
    const rows = await session.rows(`SELECT ${columns} FROM ${input.table} WHERE ${range}`)
    const answer = await process.call({ names, rows, results, at, timeoutMs })
    if (answer.kind === 'FAILED') return answer.message
    if (answer.records === 0) return null
    await session.run(given.create)
    await session.append(given.table, answer.columns)
    const [fault] = await session.rows(`${faults} LIMIT 1`)
    if (fault !== undefined) return String(fault[0])
    await session.run(`INSERT INTO ${step.point} ${select}`)
    return null
  }
}

async function outOf(session: Session, step: Step): Promise<number> {
  await session.run(`DROP TABLE ${step.calling!.call.given.table}`)
  return await session.count(`SELECT count(*) FROM ${step.point}`)
}
