/** Epoch n becomes COMPLETED, and n + 1 planned: positions and state advance here and nowhere else, all together (I3). */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Owner } from '../../../core/execution/effects.js'
import type { CheckpointCommit } from '../../../core/execution/journal.js'
import type { Next } from '../../../core/execution/plan.js'
import { addTotals, noTotals, totalsOfEpoch } from '../../../core/execution/record-totals.js'
import { watermarkState } from '../../../core/execution/state-names.js'
import { isTerminal } from '../../../core/execution/status.js'
import { sumCounters } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { CommittedTotals, JobExecutionRow } from '../../tables/executions.js'
import { storeDeadLetters } from './dead-letters.js'
import { addEvents } from './events.js'
import type { JobVersion, JobVersions } from './job-versions.js'
import { storeMetrics } from './metrics.js'
import { fenced, lockGeneration, originOf } from './ownership.js'
import { checkpointRow, insertPlan } from './plans.js'
import { recordColumns } from './record-columns.js'

export async function completeCheckpoint(
  db: Database,
  versions: JobVersions,
  owner: Owner,
  commit: CheckpointCommit,
): Promise<Next> {
  const origin = await originOf(db, owner.executionId)
  const version = await versions({ ...origin, jobVersion: commit.jobVersion })
  return await db.transaction(async (transaction) => {
    const execution = await lockGeneration(db, transaction, owner)
    const row = await checkpointRow(db, execution.lineageId, commit.epoch, transaction)
    if (row?.checkpointStatus === 'COMPLETED' && row.nextStep !== null) return row.nextStep
    if (execution.attempt !== owner.attempt || isTerminal(execution.executionStatus)) throw fenced(owner)
    if (row === null || row.checkpointStatus === 'DROPPED')
      throw new JobError('fenced', `Epoch ${commit.epoch} has no plan any more.`)

    const next = await planNext(db, transaction, execution, commit)
    const committed = committedWith(execution, version, commit)
    const events = [completedEvent(row, commit), ...commit.events]
    if (version.settings.onBadRecord.action === 'DEAD_LETTER')
      await storeDeadLetters(db, transaction, { ...execution, jobVersion: commit.jobVersion }, commit)
    // None needs the answer of another: the connection sends them in this order, each as soon as the one before is done.
    await allOf([
      completeRow(db, transaction, execution, row, commit, next),
      storeStates(db, transaction, execution, row, commit),
      advanceExecution(db, transaction, execution, row, commit, committed),
      drained(db, transaction, row),
      storeMetrics(db, transaction, { execution, version, commit, committed }),
      addEvents(db, { ...execution, epoch: commit.epoch }, events, transaction),
    ])
    return next
  })
}

/** If n + 1 has a plan already, that one is what comes next (I1). */
async function planNext(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  commit: CheckpointCommit,
): Promise<Next> {
  if (commit.nextPlan === null) return commit.next
  const plan = await insertPlan(db, transaction, execution, commit.nextPlan)
  const notBefore = commit.next.kind === 'plan' ? commit.next.notBefore : null
  return { kind: 'plan', epoch: plan.epoch, phase: plan.phase, notBefore }
}

/** Everything open has fired: whatever becomes of this execution, nothing can go on from there. */
async function drained(db: Database, transaction: Transaction, { lineageId, plan }: CheckpointRow): Promise<void> {
  if (plan?.drains !== true) return
  await db.tables.lineage.update({ isDrained: true }, { where: { lineageId }, transaction })
}

async function completeRow(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  row: CheckpointRow,
  commit: CheckpointCommit,
  next: Next,
): Promise<void> {
  await db.tables.checkpoint.update(
    {
      checkpointStatus: 'COMPLETED',
      executionId: execution.executionId,
      generation: execution.generation,
      attempt: execution.attempt,
      nextStep: next,
      positions: commit.positions,
      counters: commit.counters,
      stateSizeBytes: commit.stateSizeBytes,
      checkpointPath: commit.path,
      completeTime: new Date(),
      durationMs: Math.round(commit.durationMs),
      errorMessage: null,
    },
    { where: { checkpointId: row.checkpointId }, transaction },
  )
}

async function storeStates(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  { checkpointId }: CheckpointRow,
  commit: CheckpointCommit,
): Promise<void> {
  const { jobId, executionId } = execution
  const place = { checkpointId, jobId, executionId }
  const handles = commit.states.map((state) => ({
    ...place,
    stateId: randomUUID(),
    operatorId: state.nodeId,
    subtaskIndex: state.subtask,
    stateName: state.name,
    stateType: state.type,
    statePath: state.path,
    stateValue: state.by ?? null,
    stateSizeBytes: state.sizeBytes,
    recordCount: state.records,
  }))
  const positions = Object.entries(commit.positions).map(([nodeId, progress]) => ({
    ...place,
    stateId: randomUUID(),
    operatorId: nodeId,
    subtaskIndex: 0,
    stateName: 'position',
    stateType: 'VALUE' as const,
    statePath: null,
    stateValue: { position: progress.position, end: progress.end },
    stateSizeBytes: 0,
    recordCount: 1,
  }))
  const watermarks = Object.entries(commit.watermarks ?? {}).map(([nodeId, watermark]) => ({
    ...place,
    stateId: randomUUID(),
    operatorId: nodeId,
    subtaskIndex: 0,
    stateName: watermarkState,
    stateType: 'VALUE' as const,
    statePath: null,
    stateValue: watermark,
    stateSizeBytes: 0,
    recordCount: 1,
  }))
  await db.tables.operatorState.bulkCreate([...handles, ...positions, ...watermarks], { transaction })
}

function committedWith(
  { metrics }: JobExecutionRow,
  { graph }: JobVersion,
  { phase, counters }: CheckpointCommit,
): CommittedTotals {
  return {
    totals: addTotals(metrics?.totals ?? noTotals, totalsOfEpoch(graph, phase, counters)),
    operators: sumCounters(metrics?.operators ?? {}, counters),
  }
}

async function advanceExecution(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  row: CheckpointRow,
  commit: CheckpointCommit,
  committed: CommittedTotals,
): Promise<void> {
  const { executionId } = execution
  await db.tables.jobExecution.update(
    {
      ...recordColumns(committed.totals),
      ...(execution.executionStatus === 'RESTARTING' ? { executionStatus: 'RUNNING' as const } : {}),
      epochs: execution.epochs + 1,
      currentPhase: commit.phase,
      lastCheckpointId: row.checkpointId,
      metrics: committed,
      progress: null,
    },
    { where: { executionId }, transaction },
  )
}

function completedEvent(row: CheckpointRow, commit: CheckpointCommit) {
  return {
    type: 'CHECKPOINT_COMPLETED' as const,
    level: 'INFO' as const,
    message: `Epoch ${commit.epoch} is complete.`,
    details: {
      checkpointId: row.checkpointId,
      phase: commit.phase,
      durationMs: Math.round(commit.durationMs),
      stateSizeBytes: commit.stateSizeBytes,
      next: commit.next.kind,
    },
  }
}
