/** What a rule watches: of which jobs, and since when. */
import type { Transaction } from 'sequelize'
import type { Reading } from '../../../core/alert/evaluate.js'
import type { RuleType } from '../../../core/alert/rule-types.js'
import { LIVE } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'

export interface Watched {
  readonly ruleId: string
  readonly type: RuleType
  readonly jobId: string | null
  readonly tag: string | null
  /** What happened before does not count. */
  readonly activeSince: Date
  readonly now: Date
}

export type Measure = (db: Database, watched: Watched, transaction: Transaction) => Promise<readonly Reading[]>

/** Jobs `j` of the rule's scope. */
export const SCOPE = `j.is_deleted = 0 AND (:jobId IS NULL OR j.job_id = :jobId)
  AND (:tag IS NULL OR JSON_CONTAINS(j.tags, JSON_QUOTE(:tag)))`

export const LIVE_ONES = `('${LIVE.join("', '")}')`

/** The values that every query may name. */
export const valuesOf = ({ ruleId, jobId, tag, activeSince, now }: Watched) => ({
  ruleId,
  jobId,
  tag,
  activeSince,
  now,
})

/** Of several of one job, that with the largest value. */
export function largestOfEach(readings: readonly Reading[]): readonly Reading[] {
  const largest = new Map<string, Reading>()
  for (const reading of readings) {
    const known = largest.get(reading.subject)
    if (known === undefined || known.value < reading.value) largest.set(reading.subject, reading)
  }
  return [...largest.values()]
}
