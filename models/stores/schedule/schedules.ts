/** Schedules as people read them. */
import { Op, type WhereOptions } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { firstFire } from '../../../core/schedule/fires.js'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { JobRow, JobScheduleRow } from '../../tables/jobs.js'
import type { ScheduleDecisionRow, ScheduleTroubleRow } from '../../tables/schedules.js'
import { calendarOf } from './calendar-of.js'
import { MEND, type Readable, readable, unreadableMessage } from './readable.js'
import { knownAmong } from './troubles.js'

export interface ScheduleRecord {
  readonly scheduleId: string
  readonly jobId: string
  readonly jobName: string
  readonly type: JobScheduleRow['scheduleType']
  readonly isEnabled: boolean
  readonly cron: string | null
  readonly timezone: string
  readonly catchUp: JobScheduleRow['catchUp']
  readonly catchUpMax: number | null
  readonly jitterMs: number
  readonly startAt: string | null
  readonly endAt: string | null
  readonly dependsOn: readonly { readonly jobId: string; readonly jobName: string | null }[]
  readonly dependency: Readonly<Record<string, unknown>> | null
  readonly event: { readonly type: string; readonly where: string | null } | null
  readonly parameters: Readonly<Record<string, string>>
  readonly overlap: JobScheduleRow['overlapPolicy']
  readonly priority: number
  readonly maxConcurrentRuns: number
  /** After now; null: none, or it is paused. The column of that name stays at the first time of which nothing is known. */
  readonly nextFireTime: string | null
  readonly lastFireTime: string | null
  readonly fireCount: number
  readonly lastExecutionId: string | null
  /** The newest time that started nothing, and why. */
  readonly lastDecision: DecisionRecord | null
  /** What fails and is tried again. */
  readonly troubles: readonly TroubleRecord[]
  readonly version: number
  readonly updatedBy: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export interface TroubleRecord {
  readonly what: string
  readonly message: string
  readonly since: string
}

export interface DecisionRecord {
  readonly decision: ScheduleDecisionRow['decision']
  readonly logicalTime: string
  readonly message: string
  readonly createdAt: string
}

export interface ScheduleFilter extends PageRequest {
  readonly jobId?: string | undefined
  readonly type?: JobScheduleRow['scheduleType'] | undefined
  readonly isEnabled?: boolean | undefined
}

export function noSchedule(scheduleId: string): JobError {
  return new JobError('not.found', `There is no schedule ${scheduleId}.`, {
    hint: '`etl schedules list` has those that there are; a job gets one by `schedule` in its file.',
  })
}

export async function getSchedule(db: Database, scheduleId: string): Promise<ScheduleRecord> {
  const row = await db.tables.jobSchedule.findOne({ where: { scheduleId } })
  if (row === null) throw noSchedule(scheduleId)
  return (await recordsOf(db, [readable(row)]))[0]!
}

export async function listSchedules(db: Database, filter: ScheduleFilter): Promise<Page<ScheduleRecord>> {
  const { where, order, limit } = pageQuery(filter)
  const conditions: WhereOptions[] = [where]
  if (filter.jobId !== undefined) conditions.push({ jobId: filter.jobId })
  if (filter.type !== undefined) conditions.push({ scheduleType: filter.type })
  if (filter.isEnabled !== undefined) conditions.push({ isEnabled: filter.isEnabled })
  const found = await db.tables.jobSchedule.findAll({ where: { [Op.and]: conditions }, order, limit })
  const rows = found.map(readable)
  const byId = new Map((await recordsOf(db, rows)).map((record) => [record.scheduleId, record]))
  return pageOf(
    rows.map(({ row }) => row),
    filter,
    ({ scheduleId }) => byId.get(scheduleId)!,
  )
}

export async function listDecisions(
  db: Database,
  scheduleId: string,
  request: PageRequest,
): Promise<Page<DecisionRecord>> {
  const { where, order, limit } = pageQuery(request)
  const rows = await db.tables.scheduleDecision.findAll({ where: { [Op.and]: [where, { scheduleId }] }, order, limit })
  return pageOf(
    rows.map((row) => row.get()),
    request,
    decisionOf,
  )
}

async function recordsOf(db: Database, read: readonly Readable[]): Promise<readonly ScheduleRecord[]> {
  const rows = read.map(({ row }) => row)
  const jobIds = [...new Set(rows.flatMap(({ jobId, dependencyJobIds }) => [jobId, ...(dependencyJobIds ?? [])]))]
  const jobs = await db.tables.job.findAll({ attributes: ['jobId', 'jobName'], where: { jobId: jobIds } })
  const names = new Map(jobs.map((job) => [job.get().jobId, job.get().jobName]))
  const newest = await Promise.all(rows.map(({ scheduleId }) => newestDecision(db, scheduleId)))
  const troubles = await knownAmong(
    db,
    rows.map(({ scheduleId }) => scheduleId),
  )
  return rows.map((row, index) => ({
    ...recordOf(row, names, newest[index] ?? null),
    troubles: [
      ...unreadableOf(read[index]!),
      ...troubles.filter(({ scheduleId }) => scheduleId === row.scheduleId).map(troubleOf),
    ],
  }))
}

async function newestDecision(db: Database, scheduleId: string): Promise<DecisionRecord | null> {
  const row = await db.tables.scheduleDecision.findOne({ where: { scheduleId }, order: [['id', 'DESC']] })
  return row === null ? null : decisionOf(row.get())
}

function decisionOf({ decision, logicalTime, message, createTime }: ScheduleDecisionRow): DecisionRecord {
  return { decision, logicalTime: logicalTime.toISOString(), message, createdAt: createTime.toISOString() }
}

function unreadableOf({ row, unreadable }: Readable): readonly TroubleRecord[] {
  if (unreadable.length === 0) return []
  const message = `${unreadableMessage(unreadable)} ${MEND}`
  return [{ what: 'ROW', message, since: row.updateTime.toISOString() }]
}

function troubleOf({ trouble, message, createTime }: ScheduleTroubleRow): TroubleRecord {
  return { what: trouble, message, since: createTime.toISOString() }
}

function recordOf(
  row: JobScheduleRow,
  names: ReadonlyMap<string, JobRow['jobName']>,
  lastDecision: DecisionRecord | null,
): Omit<ScheduleRecord, 'troubles'> {
  const iso = (time: Date | null) => time?.toISOString() ?? null
  return {
    scheduleId: row.scheduleId,
    jobId: row.jobId,
    jobName: names.get(row.jobId) ?? row.jobId,
    type: row.scheduleType,
    isEnabled: row.isEnabled,
    cron: row.cronExpression,
    timezone: row.timezone,
    catchUp: row.catchUp,
    catchUpMax: row.catchUpMax,
    jitterMs: row.jitterMs,
    startAt: iso(row.startTime),
    endAt: iso(row.endTime),
    dependsOn: (row.dependencyJobIds ?? []).map((jobId) => ({ jobId, jobName: names.get(jobId) ?? null })),
    dependency: row.dependencyConfig,
    event: row.eventType === null ? null : { type: row.eventType, where: row.eventFilter },
    parameters: row.parameters ?? {},
    overlap: row.overlapPolicy,
    priority: row.priority,
    maxConcurrentRuns: row.maxConcurrentRuns,
    nextFireTime: row.isEnabled ? iso(firstFire(calendarOf(row), Date.now())) : null,
    lastFireTime: iso(row.lastFireTime),
    fireCount: row.fireCount,
    lastExecutionId: row.lastExecutionId,
    lastDecision,
    version: row.version,
    updatedBy: row.updatedBy,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
