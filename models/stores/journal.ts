/** The journal of the service: plans, positions, state and progress in MySQL, which is right about them. */
import type { ExecutionRecord, Journal } from '../../core/execution/journal.js'
import { noFailures } from '../../core/restart/strategy.js'
import type { Database } from '../database.js'
import { admit } from './journal/admission.js'
import { completeCheckpoint } from './journal/commit.js'
import { addEvents } from './journal/events.js'
import { finish, setStatus } from './journal/finish.js'
import { type JobVersions, rememberJobVersions } from './journal/job-versions.js'
import { findExecution } from './journal/ownership.js'
import { checkpointOf, pendingPlan, storePlan } from './journal/plans.js'
import { progressMirror } from './journal/progress.js'
import { totalsOf } from './journal/record-columns.js'
import { storeRestart } from './journal/restart.js'
import { restorePoint } from './journal/restore.js'
import { retainCheckpoints } from './journal/retain.js'
import { systemLimits } from './system-limits.js'

export function mysqlJournal(db: Database, limits = systemLimits(db)): Journal {
  const versions = rememberJobVersions(db)
  return {
    admit: (executionId, workflow) => admit(db, executionId, workflow),
    execution: (executionId) => executionRecord(db, versions, executionId),
    restorePoint: (executionId) => restorePoint(db, versions, executionId),
    checkpoint: (executionId, epoch) => checkpointOf(db, executionId, epoch),
    pendingPlan: (executionId) => pendingPlan(db, executionId),
    storePlan: (owner, plan) => storePlan(db, owner, plan),
    completeCheckpoint: (owner, commit) => completeCheckpoint(db, versions, owner, commit),
    progress: progressMirror(db, versions, limits),
    storeRestart: (owner, failure, evaluation) => storeRestart(db, owner, failure, evaluation),
    event: async (executionId, event) => {
      await addEvents(db, await findExecution(db, executionId), [event])
    },
    retain: (executionId, retained, isOver) => retainCheckpoints(db, executionId, retained, isOver),
    setStatus: (executionId, status) => setStatus(db, executionId, status),
    finish: (owner, status, error) => finish(db, owner, status, error),
  }
}

async function executionRecord(db: Database, versions: JobVersions, executionId: string): Promise<ExecutionRecord> {
  const row = await findExecution(db, executionId)
  const { graph, settings } = await versions(row.jobId, row.jobVersion)
  return {
    executionId,
    jobId: row.jobId,
    jobName: row.jobName,
    jobVersion: row.jobVersion,
    lineageId: row.lineageId,
    status: row.executionStatus,
    generation: row.generation,
    attempt: row.attempt,
    graph,
    settings,
    parameters: row.parameters,
    logicalTime: row.logicalTime.toISOString(),
    startedAt: row.startTime?.toISOString() ?? null,
    restartMemory: row.restartMemory ?? noFailures,
    totals: totalsOf(row),
  }
}
