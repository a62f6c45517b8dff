/** What the newest version of a job has no place for, of what it would start from: asked before anything is accepted. */
import type { Problem } from '../../../core/errors/problem.js'
import { carryOver } from '../../../core/execution/carry-over.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobVersions } from '../journal/job-versions.js'
import { originOf } from '../journal/ownership.js'
import { checkpointAsItWas, forkedFrom, newestOf } from '../journal/standing.js'

export type StartPoint = { readonly restartOf: string } | { readonly forkOf: string }

export async function unfitFor(db: Database, versions: JobVersions, start: StartPoint): Promise<readonly Problem[]> {
  const checkpoint = 'forkOf' in start ? await forkedFrom(db, start.forkOf) : await latestOf(db, start.restartOf)
  if (checkpoint === null) return []
  const { jobId, jobVersion } = checkpoint
  const job = await db.tables.job.findOne({ where: { jobId } })
  const newest = job?.get().version ?? jobVersion
  if (newest === jobVersion) return []
  const at = (version: number) => versions({ jobId, jobVersion: version, replay: null })
  const [from, to] = await Promise.all([at(jobVersion), at(newest)])
  return carryOver(await checkpointAsItWas(db, checkpoint), from.graph, to.graph).unfit
}

async function latestOf(db: Database, executionId: string): Promise<CheckpointRow | null> {
  const { lineageId, replay } = await originOf(db, executionId)
  // It goes on with the version that it began with.
  if (replay !== null) return null
  const { completed } = await newestOf(db, lineageId)
  if (completed !== null) return completed
  const lineage = await db.tables.lineage.findOne({ where: { lineageId } })
  return await forkedFrom(db, lineage?.get().forkedFromCheckpointId ?? null)
}
