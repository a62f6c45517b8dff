/** What an execution starts from: the newest COMPLETED checkpoint of its lineage (I4), or the one that it was forked from. */
import { Op } from 'sequelize'
import type { StateHandle } from '../../../core/execution/chain-task.js'
import type { CompletedCheckpoint } from '../../../core/execution/journal.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobVersions } from './job-versions.js'
import { findExecution } from './ownership.js'

export async function restorePoint(
  db: Database,
  versions: JobVersions,
  executionId: string,
): Promise<CompletedCheckpoint | null> {
  const execution = await findExecution(db, executionId)
  const newest = await newestCompleted(db, execution.lineageId)
  const row = newest ?? (await forkedFrom(db, execution.restoredCheckpointId))
  if (row === null) return null
  if (execution.restoreMode === 'CONTINUE' && row.executionId !== executionId) {
    const { graph } = await versions(execution.jobId, execution.jobVersion)
    return positionsOnly(row, graph)
  }
  return {
    checkpointId: row.checkpointId,
    epoch: row.epoch,
    phase: row.phase,
    positions: row.positions ?? {},
    states: await statesOf(db, row.checkpointId),
    next: row.nextStep ?? { kind: 'unplanned' },
  }
}

/** Handles in the store; positions are beside them in the checkpoint itself. */
export async function statesOf(db: Database, checkpointId: string): Promise<readonly StateHandle[]> {
  const rows = await db.tables.operatorState.findAll({
    where: { checkpointId, statePath: { [Op.ne]: null } },
    order: [['id', 'ASC']],
  })
  return rows.map((row) => {
    const { operatorId, subtaskIndex, stateName, stateType, statePath, stateSizeBytes, recordCount } = row.get()
    return {
      nodeId: operatorId,
      subtask: subtaskIndex,
      name: stateName,
      type: stateType,
      path: statePath ?? '',
      sizeBytes: stateSizeBytes,
      records: recordCount,
    }
  })
}

/**
 * A new run of a CONTINUE job: operators start empty, so what fills them is read anew, and the sources of the last
 * phase go on from where they stood.
 */
function positionsOnly(row: CheckpointRow, graph: JobGraph): CompletedCheckpoint {
  const last = graph.phases.at(-1)
  const positions = Object.entries(row.positions ?? {})
    .filter(([nodeId]) => last?.nodes.includes(nodeId) === true)
    .map(([nodeId, progress]) => [nodeId, { ...progress, end: false }] as const)
  return {
    checkpointId: row.checkpointId,
    epoch: row.epoch,
    phase: graph.phases[0]?.number ?? 1,
    positions: Object.fromEntries(positions),
    states: [],
    next: { kind: 'unplanned' },
  }
}

async function newestCompleted(db: Database, lineageId: string): Promise<CheckpointRow | null> {
  const row = await db.tables.checkpoint.findOne({
    where: { lineageId, checkpointStatus: 'COMPLETED' },
    order: [['epoch', 'DESC']],
  })
  return row?.get() ?? null
}

async function forkedFrom(db: Database, checkpointId: string | null): Promise<CheckpointRow | null> {
  if (checkpointId === null) return null
  const row = await db.tables.checkpoint.findOne({ where: { checkpointId, checkpointStatus: 'COMPLETED' } })
  return row?.get() ?? null
}
