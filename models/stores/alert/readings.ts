/** What a rule watches, measured now. */
import type { RuleType } from '../../../core/alert/rule-types.js'
import { deadLetters, lostWorkers, missedSchedules, noData } from './absence-readings.js'
import { backpressure, latency, slowCheckpoint } from './epoch-readings.js'
import { checkpointsFailed, jobsFailed, recordsLost, slaMissed } from './fact-readings.js'
import type { Measure } from './watched.js'

const MEASURES: Readonly<Record<RuleType, Measure>> = {
  JOB_FAILED: jobsFailed,
  CHECKPOINT_FAILED: checkpointsFailed,
  RECORDS_LOST: recordsLost,
  SLA_MISSED: slaMissed,
  HIGH_LATENCY: latency,
  BACKPRESSURE: backpressure,
  SLOW_CHECKPOINT: slowCheckpoint,
  NO_DATA: noData,
  DEAD_LETTERS: deadLetters,
  SCHEDULE_MISSED: missedSchedules,
  WORKER_LOST: lostWorkers,
}

export const measure: Measure = (db, watched, transaction) => MEASURES[watched.type](db, watched, transaction)
