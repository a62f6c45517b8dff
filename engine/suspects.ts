/** Which records make a batch fail, by trial. Only a guess: whoever asks runs the rest, and each of these by itself. */
import type { Session } from '../duckdb/session.js'
import type { Step } from './chain.js'
import { isBadRecord } from './compute.js'

/** Ascending indexes, no more than `most`: of a batch that has just failed and stands in `whole`. */
export async function findSuspects(
  session: Session,
  steps: readonly Step[],
  point: string,
  whole: string,
  records: number,
  most: number,
): Promise<number[]> {
  const found: number[] = []
  /** `fails`: known without a trial, because the whole failed and the other half did not. */
  const search = async (from: number, to: number, fails: boolean): Promise<void> => {
    if (found.length >= most || (!fails && (await runs(session, steps, point, whole, from, to)))) return
    if (to - from === 1) {
      found.push(from)
      return
    }
    const middle = (from + to) >> 1
    if (await runs(session, steps, point, whole, from, middle)) return await search(middle, to, true)
    await search(from, middle, true)
    await search(middle, to, false)
  }
  await search(0, records, true)
  return found
}

/** One round trip, of which nothing stays. */
async function runs(
  session: Session,
  steps: readonly Step[],
  point: string,
  whole: string,
  from: number,
  to: number,
): Promise<boolean> {
  const statements = steps.flatMap(({ compiled, point: output }) => [
    ...(compiled.each === null ? [] : [`CREATE OR REPLACE TABLE ${output} AS ${compiled.each}`]),
    ...(compiled.absorb ?? []),
  ])
  const slice = sliceOf(whole, point, from, to)
  try {
    await session.run(['BEGIN TRANSACTION', slice, ...statements, 'ROLLBACK'].join('; '))
    return true
  } catch (error) {
    await session.run('ROLLBACK')
    if (!isBadRecord(error)) throw error
    return false
  }
}

export function sliceOf(whole: string, point: string, from: number, to: number): string {
  return `CREATE OR REPLACE TABLE ${point} AS SELECT * FROM ${whole} WHERE rowid >= ${from} AND rowid < ${to}`
}
