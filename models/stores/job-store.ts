/** Jobs: their definitions and versions. */
import { Op, type WhereOptions } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import type { JobSettings } from '../../core/spec/settings.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { JobRow, JobStatus } from '../tables/jobs.js'
import { LIVE } from './journal/admission.js'
import { lockJob } from './journal/ownership.js'

export { type JobDefinition, type SavedJob, saveJob } from './job/save-job.js'

export interface JobRecord {
  readonly jobId: string
  readonly name: string
  readonly description: string | null
  readonly type: JobSettings['type']
  readonly status: JobStatus
  readonly version: number
  readonly tags: readonly string[]
  readonly spec: object
  readonly settings: JobSettings
  readonly latestExecutionId: string | null
  readonly createdBy: string | null
  readonly updatedBy: string | null
  readonly createTime: string
  readonly updateTime: string
}

export type JobSummary = Omit<JobRecord, 'spec' | 'settings'>

export interface JobFilter extends PageRequest {
  readonly status?: JobStatus
  readonly type?: JobSettings['type']
  /** Part of the name. */
  readonly name?: string
}

export interface JobVersionRecord {
  readonly jobId: string
  readonly version: number
  readonly spec: object
  readonly settings: JobSettings
  readonly createdBy: string | null
  readonly createTime: string
}

/** A job that is not deleted; `not.found` otherwise. */
export async function getJob(db: Database, jobId: string): Promise<JobRecord> {
  const row = await db.tables.job.findOne({ where: { jobId, isDeleted: false } })
  if (row === null) throw new JobError('not.found', `There is no job ${jobId}.`)
  return jobRecord(row.get())
}

export async function findJobByName(db: Database, name: string): Promise<JobRecord | null> {
  const row = await db.tables.job.findOne({ where: { jobName: name, isDeleted: false } })
  return row === null ? null : jobRecord(row.get())
}

export async function listJobs(db: Database, filter: JobFilter = {}): Promise<Page<JobSummary>> {
  const { where, order, limit } = pageQuery(filter)
  const conditions: WhereOptions[] = [where, { isDeleted: false }]
  if (filter.status !== undefined) conditions.push({ jobStatus: filter.status })
  if (filter.type !== undefined) conditions.push({ jobType: filter.type })
  if (filter.name !== undefined)
    conditions.push({ jobName: { [Op.like]: `%${filter.name.replace(/[\\%_]/g, '\\$&')}%` } })
  const rows = await db.tables.job.findAll({ where: { [Op.and]: conditions }, order, limit })
  return pageOf(
    rows.map((row) => row.get()),
    filter,
    jobSummary,
  )
}

export async function listJobVersions(
  db: Database,
  jobId: string,
  request: PageRequest = {},
): Promise<Page<JobVersionRecord>> {
  const { where, order, limit } = pageQuery(request)
  const rows = await db.tables.jobVersion.findAll({ where: { [Op.and]: [where, { jobId }] }, order, limit })
  return pageOf(
    rows.map((row) => row.get()),
    request,
    (row) => ({
      jobId,
      version: row.jobVersion,
      spec: row.spec,
      settings: row.settings,
      createdBy: row.createdBy,
      createTime: row.createTime.toISOString(),
    }),
  )
}

/** Stream graph and job graph of a version; of the current one when none is named. */
export async function getJobGraph(db: Database, jobId: string, version?: number): Promise<JobGraph> {
  const wanted = version ?? (await getJob(db, jobId)).version
  const row = await db.tables.jobVersion.findOne({ where: { jobId, jobVersion: wanted } })
  if (row === null) throw new JobError('not.found', `There is no version ${wanted} of job ${jobId}.`)
  return row.get().jobGraph
}

/** Versions and executions stay, and its name is free again. A job that runs is not deleted. */
export async function softDeleteJob(
  db: Database,
  jobId: string,
  { version, deletedBy }: { readonly version?: number; readonly deletedBy: string | null },
): Promise<void> {
  await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    if (job.isDeleted) throw new JobError('not.found', `There is no job ${jobId}.`)
    if (version !== undefined && version !== job.version) throw staleJob(job)
    const executionStatus = { [Op.in]: ['CREATED' as const, 'WAITING' as const, ...LIVE] }
    if ((await db.tables.jobExecution.count({ where: { jobId, executionStatus }, transaction })) > 0)
      throw new JobError('conflict', `Job ${job.jobName} has an execution that has not ended.`, {
        hint: 'Cancel it first.',
      })
    await db.tables.jobSchedule.destroy({ where: { jobId }, transaction })
    await db.tables.job.update(
      { isDeleted: true, deletedTime: new Date(), updatedBy: deletedBy },
      { where: { jobId }, transaction },
    )
  })
}

export function staleJob(job: JobRow): JobError {
  return new JobError('conflict', `Job ${job.jobName} was changed in the meantime: it is at version ${job.version}.`, {
    pointer: '/version',
    hint: 'Read it again and repeat the change.',
  })
}

function jobRecord(row: JobRow): JobRecord {
  return { ...jobSummary(row), spec: row.config, settings: row.settings }
}

function jobSummary(row: JobRow): JobSummary {
  return {
    jobId: row.jobId,
    name: row.jobName,
    description: row.description,
    type: row.jobType,
    status: row.jobStatus,
    version: row.version,
    tags: row.tags ?? [],
    latestExecutionId: row.latestExecutionId,
    createdBy: row.createdBy,
    updatedBy: row.updatedBy,
    createTime: row.createTime.toISOString(),
    updateTime: row.updateTime.toISOString(),
  }
}
