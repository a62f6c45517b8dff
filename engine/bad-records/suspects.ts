/** Which records make a step fail, by trial: a search that halves. Only where the operator cannot tell by itself. */
import type { JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import type { Step } from '../chain.js'
import { isBadRecord } from '../compute.js'

/** A step, and the records that stand before it in `whole` while its feed holds a part of them. */
export interface Trial {
  readonly session: Session
  readonly step: Step
  readonly feed: string
  readonly whole: string
  /** A condition over `whole`: which records are left to try. */
  readonly left: string
}

/**
 * Ascending rows, no more than `most`: of a whole that has just failed. Only a guess: whoever asks runs the rest, and
 * each of these by itself.
 */
export async function findSuspects(trial: Trial, records: number, most: number): Promise<number[]> {
  const found: number[] = []
  /** `fails`: known without a trial, because the whole failed and the other half did not. */
  const search = async (from: number, to: number, fails: boolean): Promise<void> => {
    if (found.length >= most || (!fails && (await errorOf(trial, from, to)) === null)) return
    if (to - from === 1) {
      found.push(from)
      return
    }
    const middle = (from + to) >> 1
    if ((await errorOf(trial, from, middle)) === null) return await search(middle, to, true)
    await search(from, middle, true)
    await search(middle, to, false)
  }
  await search(0, records, true)
  return found
}

/** null: these records are good. One round trip, of which nothing stays. */
export async function errorOf(trial: Trial, from: number, to: number): Promise<JobError | null> {
  const { session, step } = trial
  const { each, decide, absorb = [] } = step.compiled
  const made = each === null ? [] : [`CREATE OR REPLACE TABLE ${step.point} AS ${each}`]
  const statements = [...made, ...(decide?.before ?? []), ...absorb]
  try {
    await session.run(['BEGIN TRANSACTION', sliceOf(trial, from, to), ...statements, 'ROLLBACK'].join('; '))
    return null
  } catch (error) {
    await session.run('ROLLBACK').catch(() => undefined)
    if (!isBadRecord(error)) throw error
    return error
  }
}

/** In order: what is left is told by a join, which does not keep it. */
export function sliceOf(trial: Trial, from: number, to: number): string {
  return `CREATE OR REPLACE TABLE ${trial.feed} AS SELECT * FROM ${trial.whole} WHERE ${withinSlice(trial, from, to)} ORDER BY rowid`
}

export function withinSlice({ left }: Trial, from: number, to: number): string {
  return `rowid >= ${from} AND rowid < ${to} AND ${left}`
}
