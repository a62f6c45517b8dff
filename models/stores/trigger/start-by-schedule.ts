/** A schedule starts an execution of its job, or says why not. The job must be locked. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { isJobError, reportError } from '../../../core/errors/job-error.js'
import { triggeredParameters } from '../../../core/schedule/triggered-parameters.js'
import type { Database } from '../../database.js'
import type { TriggerType } from '../../tables/executions.js'
import type { JobRow, JobScheduleRow } from '../../tables/jobs.js'
import { createWithin } from '../execution/create-execution.js'
import { closeExecution } from '../journal/ending.js'
import { lockExecution } from '../journal/ownership.js'
import { decide } from '../schedule/decisions.js'

export interface Trigger {
  readonly triggerType: TriggerType
  /** Starts one execution of this job only. */
  readonly key: string
  readonly logicalTime: Date
  readonly isScheduledTime: boolean
  /** Absent: the job's. */
  readonly priority?: number
  readonly createdBy?: string | null
  /** By name, for the timeline. */
  readonly asked?: string
  readonly event?: unknown
}

/** What of a schedule an execution needs. */
export type Starting = Pick<JobScheduleRow, 'scheduleId' | 'timezone' | 'parameters'>

export interface Triggered {
  readonly jobId: string
  /** null: none. */
  readonly executionId: string | null
  /** Why none, or why it has failed already. */
  readonly message: string | null
  readonly triggerType: TriggerType
  /** Its workflow is to be started. */
  readonly isToStart: boolean
  /** Executions that `overlap: CANCEL_RUNNING` asks to cancel. */
  readonly toCancel: readonly string[]
}

export async function startBySchedule(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  schedule: Starting,
  { triggerType, key, logicalTime, isScheduledTime, priority, createdBy = null, asked, event }: Trigger,
): Promise<Triggered> {
  const { jobId } = job
  const nothing = { jobId, triggerType, executionId: null, message: null, isToStart: false, toCancel: [] }
  const executionId = randomUUID()
  const given = parametersOf(job, schedule, {
    logicalTime: logicalTime.toISOString(),
    executionId,
    timezone: schedule.timezone,
    event,
  })
  try {
    const created = await createWithin(db, transaction, {
      jobId,
      executionId,
      parameters: 'values' in given ? given.values : {},
      logicalTime,
      isScheduledTime,
      triggerType,
      triggerKey: key,
      scheduleId: schedule.scheduleId,
      ...(priority === undefined ? {} : { priority }),
      ...(asked === undefined ? {} : { asked }),
      createdBy,
    })
    if (!created.isNew) return { ...nothing, executionId: created.executionId, message: 'It was started before.' }
    // What has passed is filled beside the schedule.
    if (triggerType !== 'BACKFILL') await countFire(db, transaction, schedule, created.executionId)
    if ('values' in given)
      return { ...nothing, executionId: created.executionId, isToStart: true, toCancel: created.toCancel }
    // Seen where people look for what has failed, and by whatever depends on the job.
    const execution = await lockExecution(db, transaction, created.executionId)
    await closeExecution(db, transaction, execution, { status: 'FAILED', error: reportError(given.error) })
    return { ...nothing, executionId: created.executionId, message: reportError(given.error).message }
  } catch (error) {
    // It is left out, as `overlap: SKIP` says; nothing has been written.
    if (isJobError(error) && error.code === 'conflict') return { ...nothing, message: error.message }
    throw error
  }
}

function parametersOf(job: JobRow, schedule: Starting, cause: Parameters<typeof triggeredParameters>[2]) {
  try {
    return { values: triggeredParameters(schedule.parameters ?? {}, job.settings.parameters, cause) }
  } catch (error) {
    if (!isJobError(error)) throw error
    return { error }
  }
}

async function countFire(
  db: Database,
  transaction: Transaction,
  { scheduleId }: Starting,
  executionId: string,
): Promise<void> {
  await db.execute(
    `UPDATE etl_job_schedule SET fire_count = fire_count + 1, last_fire_time = :now, last_execution_id = :executionId
      WHERE schedule_id = :scheduleId`,
    { now: new Date(), executionId, scheduleId },
    transaction,
  )
}

export const PAUSED = 'The schedule was paused.'

/** For people, who ask the schedule why nothing has started. */
export async function skip(
  db: Database,
  transaction: Transaction,
  schedule: JobScheduleRow,
  logicalTime: Date,
  message: string | null,
): Promise<void> {
  await decide(db, transaction, schedule, { decision: 'SKIPPED', logicalTime, message: message ?? 'It was left out.' })
}
