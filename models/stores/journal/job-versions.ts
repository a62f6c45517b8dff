/** Graph and settings of a job's version: they never change, so each is read once. */
import { JobError } from '../../../core/errors/job-error.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import { type Replay, replayGraph, replaySettings } from '../../../core/graph/replay-graph.js'
import type { JobSettings } from '../../../core/spec/settings.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'

export interface JobVersion {
  readonly graph: JobGraph
  readonly settings: JobSettings
}

/** Of an execution: a replay runs a part of its version, with settings of its own. */
export type JobVersions = (execution: Versioned) => Promise<JobVersion>

type Versioned = Pick<JobExecutionRow, 'jobId' | 'jobVersion' | 'replay'>

const KEPT = 200

export function rememberJobVersions(db: Database): JobVersions {
  const known = new Map<string, JobVersion>()
  return async ({ jobId, jobVersion, replay }) => {
    const key = `${jobId}/${jobVersion}/${replay?.id ?? ''}`
    const found = known.get(key) ?? replayed(await readJobVersion(db, jobId, jobVersion), replay)
    known.delete(key)
    known.set(key, found)
    const oldest = known.keys().next().value
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
    return found
  }
}

function replayed(version: JobVersion, replay: Replay | null): JobVersion {
  if (replay === null) return version
  const made = replayGraph(version.graph, replay, null)
  if (!made.ok) throw new JobError('request.unsupported', made.reason, { hint: made.hint })
  return { graph: made.graph, settings: replaySettings(version.settings) }
}

export async function readJobVersion(db: Database, jobId: string, version: number): Promise<JobVersion> {
  const row = await db.tables.jobVersion.findOne({ where: { jobId, jobVersion: version } })
  if (row === null) throw new JobError('not.found', `There is no version ${version} of job ${jobId}.`)
  const { jobGraph, settings } = row.get()
  return { graph: jobGraph, settings }
}
