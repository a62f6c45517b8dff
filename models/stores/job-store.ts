/** Jobs: their definitions, versions and graphs. */
import { Op, type WhereOptions } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import type { JobSettings } from '../../core/spec/settings.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { JobRow, JobStatus, JobVersionRow } from '../tables/jobs.js'
import { type JobSecrets, type JobVault, jobVault } from './job/job-secrets.js'
import { type JobDefinition, type SavedJob, saveJob } from './job/save-job.js'
import { softDeleteJob } from './job/soft-delete-job.js'

export type { JobStatus } from '../tables/jobs.js'
export type { JobSecrets } from './job/job-secrets.js'
export type { JobDefinition, SavedJob } from './job/save-job.js'

export interface JobSummary {
  readonly jobId: string
  readonly name: string
  readonly description: string | null
  readonly type: JobSettings['type']
  readonly status: JobStatus
  readonly version: number
  readonly tags: readonly string[]
  readonly latestExecutionId: string | null
  readonly createdBy: string | null
  readonly updatedBy: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

export interface JobRecord extends JobSummary {
  readonly spec: object
  readonly settings: JobSettings
}

export interface JobVersionRecord {
  readonly jobId: string
  readonly version: number
  readonly spec: object
  readonly settings: JobSettings
  readonly createdBy: string | null
  readonly createdAt: string
}

export interface JobFilter extends PageRequest {
  readonly status?: JobStatus | undefined
  readonly type?: JobSettings['type'] | undefined
  /** Part of the name. */
  readonly name?: string | undefined
}

export interface JobStore {
  /** A new job, or a new version of the one that `jobId` names. */
  save(definition: JobDefinition): Promise<SavedJob>
  /** `not.found` if it is deleted. */
  get(jobId: string): Promise<JobRecord>
  findByName(name: string): Promise<JobRecord | null>
  list(filter: JobFilter): Promise<Page<JobSummary>>
  versions(jobId: string, request: PageRequest): Promise<Page<JobVersionRecord>>
  version(jobId: string, version: number): Promise<JobVersionRecord>
  /** Of the current version when none is named. */
  graph(jobId: string, version?: number): Promise<JobGraph>
  /** Versions and executions stay, and the name is free again. A job that runs is not deleted. */
  softDelete(jobId: string, by: string | null, version?: number): Promise<void>
}

/** Specs and graphs go in and come out in clear, and lie encrypted in between: whoever answers with one masks it. */
export function jobStore(db: Database, secrets: JobSecrets): JobStore {
  const { job, jobVersion } = db.tables
  const vault = jobVault(secrets)
  const get = async (jobId: string): Promise<JobRecord> => {
    const row = await job.findOne({ where: { jobId, isDeleted: false } })
    if (row === null) throw new JobError('not.found', `There is no job ${jobId}.`)
    return jobRecord(row.get(), vault)
  }
  const versionRow = async (jobId: string, version: number): Promise<JobVersionRow> => {
    const row = await jobVersion.findOne({ where: { jobId, jobVersion: version } })
    if (row === null) throw new JobError('not.found', `There is no version ${version} of job ${jobId}.`)
    return row.get()
  }
  return {
    get,
    save: (definition) => saveJob(db, vault, definition),
    findByName: async (name) => {
      const row = await job.findOne({ where: { jobName: name, isDeleted: false } })
      return row === null ? null : jobRecord(row.get(), vault)
    },
    list: async (filter) => {
      const { where, order, limit } = pageQuery(filter)
      const rows = await job.findAll({ where: { [Op.and]: [where, ...conditions(filter)] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        filter,
        jobSummary,
      )
    },
    versions: async (jobId, request) => {
      const { where, order, limit } = pageQuery(request)
      const rows = await jobVersion.findAll({ where: { [Op.and]: [where, { jobId }] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        (row) => versionRecord(row, vault),
      )
    },
    version: async (jobId, version) => versionRecord(await versionRow(jobId, version), vault),
    graph: async (jobId, version) => {
      const { jobGraph } = await versionRow(jobId, version ?? (await get(jobId)).version)
      return vault.decryptGraph(jobId, jobGraph)
    },
    softDelete: (jobId, by, version) => softDeleteJob(db, jobId, by, version),
  }
}

function conditions({ status, type, name }: JobFilter): WhereOptions[] {
  const wanted: WhereOptions[] = [{ isDeleted: false }]
  if (status !== undefined) wanted.push({ jobStatus: status })
  if (type !== undefined) wanted.push({ jobType: type })
  if (name !== undefined) wanted.push({ jobName: { [Op.like]: `%${name.replace(/[\\%_]/g, '\\$&')}%` } })
  return wanted
}

function jobRecord(row: JobRow, vault: JobVault): JobRecord {
  return { ...jobSummary(row), spec: vault.decryptSpec(row.jobId, row.config), settings: row.settings }
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
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}

function versionRecord(row: JobVersionRow, vault: JobVault): JobVersionRecord {
  return {
    jobId: row.jobId,
    version: row.jobVersion,
    spec: vault.decryptSpec(row.jobId, row.spec),
    settings: row.settings,
    createdBy: row.createdBy,
    createdAt: row.createTime.toISOString(),
  }
}
