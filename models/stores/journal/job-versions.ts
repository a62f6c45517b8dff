/** Graph and settings of a job's version: they never change, so each is read once. */
import { JobError } from '../../../core/errors/job-error.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { JobSettings } from '../../../core/spec/settings.js'
import type { Database } from '../../database.js'

export interface JobVersion {
  readonly graph: JobGraph
  readonly settings: JobSettings
}

export type JobVersions = (jobId: string, version: number) => Promise<JobVersion>

const KEPT = 200

export function rememberJobVersions(db: Database): JobVersions {
  const known = new Map<string, JobVersion>()
  return async (jobId, version) => {
    const key = `${jobId}/${version}`
    const found = known.get(key) ?? (await readJobVersion(db, jobId, version))
    known.delete(key)
    known.set(key, found)
    const oldest = known.keys().next().value
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
    return found
  }
}

async function readJobVersion(db: Database, jobId: string, version: number): Promise<JobVersion> {
  const row = await db.tables.jobVersion.findOne({ where: { jobId, jobVersion: version } })
  if (row === null) throw new JobError('not.found', `There is no version ${version} of job ${jobId}.`)
  const { jobGraph, settings } = row.get()
  return { graph: jobGraph, settings }
}
