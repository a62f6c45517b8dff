/** A job and everything that describes its current version, in one transaction. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { JobSettings } from '../../../core/spec/settings.js'
import type { Database } from '../../database.js'
import { isDuplicate } from '../../database-error.js'
import type { JobRow } from '../../tables/jobs.js'
import { holdConnections } from '../connection/hold.js'
import { lockJob } from '../journal/ownership.js'
import { saveSchedule } from '../schedule/save-schedule.js'
import type { Triggered } from '../trigger/start-by-schedule.js'
import { storeGraphs } from './graph-rows.js'
import type { JobVault } from './job-secrets.js'

export interface JobDefinition {
  /** Of the job that gets a new version; without it a new job is made. */
  readonly jobId?: string
  /** The version that the change was made to: another one is a conflict. */
  readonly expectedVersion?: number
  /** As it was written. */
  readonly spec: object
  readonly description: string | null
  readonly settings: JobSettings
  readonly graph: JobGraph
  readonly savedBy: string | null
}

export interface SavedJob {
  readonly jobId: string
  readonly version: number
  readonly isNew: boolean
  /** False: it says what it said before, and no version was made. */
  readonly changed: boolean
  /** What `schedule: IMMEDIATE` started; null: nothing. */
  readonly triggered: Triggered | null
}

export async function saveJob(db: Database, vault: JobVault, definition: JobDefinition): Promise<SavedJob> {
  try {
    return await db.transaction(async (transaction) => {
      const { jobId } = definition
      return jobId === undefined
        ? await createJob(db, vault, transaction, definition)
        : await changeJob(db, vault, transaction, await lockJob(db, transaction, jobId), definition)
    })
  } catch (error) {
    if (!isDuplicate(error)) throw error
    throw new JobError('conflict', `There is a job named ${definition.settings.name} already.`, {
      pointer: '/name',
      hint: 'Choose another name, or save a new version of that job.',
      cause: error,
    })
  }
}

async function createJob(
  db: Database,
  vault: JobVault,
  transaction: Transaction,
  given: JobDefinition,
): Promise<SavedJob> {
  const jobId = randomUUID()
  const definition = { ...given, ...vault.encrypt(jobId, given) }
  const graphs = { streamGraphId: randomUUID(), jobGraphId: randomUUID() }
  const by = definition.savedBy
  await db.tables.job.create(
    { jobId, ...describe(definition), ...graphs, jobStatus: 'CREATED', version: 1, createdBy: by, updatedBy: by },
    { transaction },
  )
  await storeVersion(db, transaction, jobId, 1, graphs, definition)
  const triggered = await saveSchedule(db, transaction, { ...definition, jobId, specBefore: null })
  return { jobId, version: 1, isNew: true, changed: true, triggered }
}

async function changeJob(
  db: Database,
  vault: JobVault,
  transaction: Transaction,
  job: JobRow,
  given: JobDefinition,
): Promise<SavedJob> {
  const { jobId, version } = job
  if (job.isDeleted) throw new JobError('not.found', `There is no job ${jobId}.`)
  refuseStale(job, given.expectedVersion)
  if (await saysTheSame(db, vault, transaction, job, given))
    return { jobId, version, isNew: false, changed: false, triggered: null }
  const definition = { ...given, ...vault.encrypt(jobId, given) }

  const graphs = { streamGraphId: job.streamGraphId ?? randomUUID(), jobGraphId: job.jobGraphId ?? randomUUID() }
  await db.tables.job.update(
    { ...describe(definition), ...graphs, version: version + 1, updatedBy: definition.savedBy },
    { where: { jobId, version }, transaction },
  )
  await storeVersion(db, transaction, jobId, version + 1, graphs, definition)
  const triggered = await saveSchedule(db, transaction, { ...definition, jobId, specBefore: job.config })
  return { jobId, version: version + 1, isNew: false, changed: true, triggered }
}

export function refuseStale(job: JobRow, expectedVersion: number | undefined): void {
  if (expectedVersion === undefined || expectedVersion === job.version) return
  throw new JobError('conflict', `Job ${job.jobName} was changed in the meantime: it is at version ${job.version}.`, {
    pointer: '/version',
    hint: 'Read it again and repeat the change.',
  })
}

/** In clear: the same secret is another ciphertext each time. */
async function saysTheSame(
  db: Database,
  vault: JobVault,
  transaction: Transaction,
  job: JobRow,
  definition: JobDefinition,
): Promise<boolean> {
  const row = await db.tables.jobVersion.findOne({ where: { jobId: job.jobId, jobVersion: job.version }, transaction })
  if (row === null) return false
  const { settings } = row.get()
  const spec = vault.decryptSpec(job.jobId, row.get().spec)
  const graph = vault.decryptGraph(job.jobId, row.get().jobGraph)
  const before = JSON.stringify([spec, settings, graph, job.description])
  return before === JSON.stringify([definition.spec, definition.settings, definition.graph, definition.description])
}

function describe({ spec, description, settings }: JobDefinition) {
  return {
    jobName: settings.name,
    description,
    jobType: settings.type,
    config: spec,
    settings,
    restartStrategy: settings.restart.strategy,
    parallelism: settings.parallelism,
    maxParallelism: settings.maxParallelism,
    maxConcurrentRuns: settings.maxConcurrentRuns,
    priority: settings.priority,
    tags: settings.tags,
  }
}

async function storeVersion(
  db: Database,
  transaction: Transaction,
  jobId: string,
  jobVersion: number,
  graphs: { readonly streamGraphId: string; readonly jobGraphId: string },
  definition: JobDefinition,
): Promise<void> {
  await holdConnections(db, transaction, definition)
  const { spec, settings, graph, savedBy } = definition
  await db.tables.jobVersion.create(
    { jobId, jobVersion, spec, settings, jobGraph: graph, createdBy: savedBy },
    { transaction },
  )
  await storeGraphs(db, transaction, { ...graphs, jobId, jobVersion, name: settings.name, graph })
}
