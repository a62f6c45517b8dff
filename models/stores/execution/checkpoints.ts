/** Checkpoints and what each holds. */
import { Op } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { CheckpointRecord, StateRecord } from '../execution-store.js'
import { findExecution } from '../journal/ownership.js'

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
