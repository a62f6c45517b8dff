/** Schedules: when jobs run by themselves, what came of it, and the filling of the past. */
import type { Database } from '../database.js'
import type { Page, PageRequest } from '../page.js'
import type { JobScheduleRow } from '../tables/jobs.js'
import { adoptSchedules } from './schedule/adopt.js'
import {
  advanceBackfills,
  type BackfillRecord,
  cancelBackfill,
  createBackfill,
  getBackfill,
  holdBackfill,
  listBackfills,
  type NewBackfill,
  planBackfill,
} from './schedule/backfills.js'
import { catchUp, type Missed } from './schedule/catch-up.js'
import { type Fire, type Fired, fireSchedule } from './schedule/fire.js'
import { type Asked, setEnabled, triggerNow } from './schedule/pause.js'
import type { PlannedTime } from './schedule/plan-backfill.js'
import {
  type DecisionRecord,
  getSchedule,
  listDecisions,
  listSchedules,
  type ScheduleFilter,
  type ScheduleRecord,
} from './schedule/schedules.js'
import { eachSchedule, type Told } from './schedule/troubles.js'
import type { Triggered } from './trigger/start-by-schedule.js'

export type { Missed } from './schedule/catch-up.js'
export type { Fired } from './schedule/fire.js'
export type { ScheduleRecord } from './schedule/schedules.js'
export type { Told, Trouble } from './schedule/troubles.js'

/** What Temporal is to hold of a schedule. */
export type BackedSchedule = Pick<JobScheduleRow, (typeof BACKED)[number]>

const BACKED = [
  'scheduleId',
  'jobId',
  'scheduleType',
  'cronExpression',
  'timezone',
  'jitterMs',
  'startTime',
  'endTime',
  'isEnabled',
] as const

export interface ScheduleStore {
  get(scheduleId: string): Promise<ScheduleRecord>
  list(filter: ScheduleFilter): Promise<Page<ScheduleRecord>>
  /** Newest first: times that started nothing, and why. */
  decisions(scheduleId: string, request: PageRequest): Promise<Page<DecisionRecord>>
  /** Jobs that were saved before schedules were kept get theirs; answers how many. */
  adopt(): Promise<number>
  /** All of them, or those of one job. */
  backed(jobId?: string): Promise<readonly BackedSchedule[]>
  setEnabled(scheduleId: string, isEnabled: boolean, asked: Asked): Promise<void>
  triggerNow(scheduleId: string, id: string, asked: Asked): Promise<Triggered>
  fire(fire: Fire): Promise<Fired>
  /** Times that are overdue: what of them is made up for is accepted, and answered with what was missed. */
  catchUp(now: Date, told: Told): Promise<readonly Missed[]>
  planBackfill(wanted: NewBackfill): Promise<readonly PlannedTime[]>
  createBackfill(wanted: NewBackfill): Promise<BackfillRecord>
  backfill(backfillId: string): Promise<BackfillRecord>
  backfills(scheduleId: string, request: PageRequest): Promise<Page<BackfillRecord>>
  /** Starts no more of it until it goes on. */
  holdBackfill(backfillId: string, isPaused: boolean): Promise<BackfillRecord>
  cancelBackfill(backfillId: string): Promise<readonly string[]>
  /** Executions that there is room for now. */
  advanceBackfills(told: Told): Promise<readonly Triggered[]>
  /** One that Temporal cannot be given holds up no other; it is noted. */
  eachHeld(rows: readonly BackedSchedule[], hold: (row: BackedSchedule) => Promise<void>, told: Told): Promise<void>
}

export function scheduleStore(db: Database): ScheduleStore {
  return {
    get: (scheduleId) => getSchedule(db, scheduleId),
    list: (filter) => listSchedules(db, filter),
    decisions: (scheduleId, request) => listDecisions(db, scheduleId, request),
    adopt: () => adoptSchedules(db),
    backed: async (jobId) => {
      const where = jobId === undefined ? {} : { jobId }
      const attributes = [...BACKED]
      return (await db.tables.jobSchedule.findAll({ attributes, where, order: [['id', 'ASC']] })).map((row) =>
        row.get(),
      )
    },
    setEnabled: (scheduleId, isEnabled, asked) => setEnabled(db, scheduleId, isEnabled, asked),
    triggerNow: (scheduleId, id, asked) => triggerNow(db, scheduleId, id, asked),
    fire: (fire) => fireSchedule(db, fire),
    catchUp: (now, told) => catchUp(db, now, told),
    planBackfill: (wanted) => planBackfill(db, wanted),
    createBackfill: (wanted) => createBackfill(db, wanted),
    backfill: (backfillId) => getBackfill(db, backfillId),
    backfills: (scheduleId, request) => listBackfills(db, scheduleId, request),
    holdBackfill: (backfillId, isPaused) => holdBackfill(db, backfillId, isPaused),
    cancelBackfill: (backfillId) => cancelBackfill(db, backfillId),
    advanceBackfills: (told) => advanceBackfills(db, told),
    eachHeld: async (rows, hold, told) => {
      await eachSchedule(db, rows, () => 'HELD', hold, told)
    },
  }
}
