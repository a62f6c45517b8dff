/** Checkpoints and what each holds. */
import { Op } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { StateHandle } from '../../../core/execution/chain-task.js'
import type { Next } from '../../../core/execution/plan.js'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import { findExecution } from '../journal/ownership.js'

export interface CheckpointRecord {
  readonly checkpointId: string
  readonly jobId: string
  readonly executionId: string
  readonly lineageId: string
  readonly epoch: number
  readonly phase: number
  readonly type: 'PERIODIC' | 'SAVEPOINT'
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'DROPPED'
  readonly jobVersion: number
  readonly stateSizeBytes: number
  readonly path: string | null
  /** Beyond those retained: its state is gone, and nothing can start from it. */
  readonly stateDiscarded: boolean
  readonly triggeredAt: string
  readonly completedAt: string | null
  readonly durationMs: number | null
  readonly failures: number
  readonly error: string | null
  readonly next: Next | null
}

export interface StateRecord extends Omit<StateHandle, 'path'> {
  /** null: `value` holds it. */
  readonly path: string | null
  readonly value: object | null
}

export async function listCheckpoints(
  db: Database,
  executionId: string,
  request: PageRequest,
): Promise<Page<CheckpointRecord>> {
  await findExecution(db, executionId)
  const { where, order, limit } = pageQuery(request)
  const rows = await db.tables.checkpoint.findAll({
    attributes: { exclude: ['plan', 'positions', 'counters'] },
    where: { [Op.and]: [where, { executionId }] },
    order,
    limit,
  })
  return pageOf(
    rows.map((row) => row.get()),
    request,
    checkpointRecord,
  )
}

export async function getCheckpoint(db: Database, checkpointId: string): Promise<CheckpointRecord> {
  const row = await db.tables.checkpoint.findOne({ where: { checkpointId } })
  if (row === null) throw new JobError('not.found', `There is no checkpoint ${checkpointId}.`)
  return checkpointRecord(row.get())
}

export async function listStates(db: Database, checkpointId: string): Promise<readonly StateRecord[]> {
  await getCheckpoint(db, checkpointId)
  const rows = await db.tables.operatorState.findAll({ where: { checkpointId }, order: [['id', 'ASC']] })
  return rows.map((row) => {
    const state = row.get()
    return {
      nodeId: state.operatorId,
      subtask: state.subtaskIndex,
      name: state.stateName,
      type: state.stateType,
      path: state.statePath,
      value: state.stateValue,
      sizeBytes: state.stateSizeBytes,
      records: state.recordCount,
    }
  })
}

function checkpointRecord(row: CheckpointRow): CheckpointRecord {
  return {
    checkpointId: row.checkpointId,
    jobId: row.jobId,
    executionId: row.executionId,
    lineageId: row.lineageId,
    epoch: row.epoch,
    phase: row.phase,
    type: row.checkpointType,
    status: row.checkpointStatus,
    jobVersion: row.jobVersion,
    stateSizeBytes: row.stateSizeBytes,
    path: row.checkpointPath,
    stateDiscarded: row.stateDiscarded,
    triggeredAt: row.triggerTime.toISOString(),
    completedAt: row.completeTime?.toISOString() ?? null,
    durationMs: row.durationMs,
    failures: row.failureCount,
    error: row.errorMessage,
    next: row.nextStep,
  }
}
