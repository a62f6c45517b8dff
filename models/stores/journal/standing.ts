/** Where an execution stands: its record, the newest COMPLETED checkpoint of its lineage, and the pending plan (I4). */
import { Op, type WhereOptions } from 'sequelize'
import { bytesOf } from '../../../core/execution/byte-totals.js'
import { carryOver } from '../../../core/execution/carry-over.js'
import type { StateHandle } from '../../../core/execution/chain-task.js'
import type { CompletedCheckpoint, ExecutionRecord, Standing } from '../../../core/execution/journal.js'
import type { KeptBy } from '../../../core/execution/kept-by.js'
import { watermarkState } from '../../../core/execution/state-names.js'
import type { NodeWatermark } from '../../../core/execution/watermarks.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import { noFailures } from '../../../core/restart/strategy.js'
import type { Database } from '../../database.js'
import type { CheckpointRow, OperatorStateRow } from '../../tables/checkpoints.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import type { JobVersion, JobVersions } from './job-versions.js'
import { findExecution, originOf } from './ownership.js'
import { totalsOf } from './record-columns.js'

export async function findStanding(db: Database, versions: JobVersions, executionId: string): Promise<Standing> {
  const { lineageId } = await originOf(db, executionId)
  const [execution, newest] = await Promise.all([findExecution(db, executionId), newestOf(db, lineageId)])
  return await standingOf(db, versions, execution, newest)
}

/** Of a lineage: the newest COMPLETED checkpoint, the plan after it, and the newest number that any plan had. */
export interface Newest {
  readonly completed: CheckpointRow | null
  readonly pending: CheckpointRow | null
  readonly used: number
}

export const nothingYet: Newest = { completed: null, pending: null, used: 0 }

export async function standingOf(
  db: Database,
  versions: JobVersions,
  execution: JobExecutionRow,
  { completed, pending, used }: Newest,
): Promise<Standing> {
  const newest = await versions(execution)
  // A pending plan is for the graph that it was made for (I1); all else is as the newest version has it.
  const atWork = pending?.jobVersion ?? execution.jobVersion
  const planned = await versions({ ...execution, jobVersion: atWork })
  const settings = { ...newest.settings, parameters: planned.settings.parameters }
  const from = completed ?? (await forkedFrom(db, execution.restoredCheckpointId))
  const restored = from === null ? null : await restorePoint(db, execution, from, planned.graph)
  const carried =
    restored === null || from === null || from.jobVersion === atWork || isContinued(execution, from)
      ? { restored, unfit: [] }
      : carryOver(restored, (await versions({ ...execution, jobVersion: from.jobVersion })).graph, planned.graph)
  return {
    record: {
      ...recordOf(execution, { graph: planned.graph, settings }),
      jobVersion: atWork,
      isBehind: atWork !== execution.jobVersion,
    },
    ...carried,
    pending: pending?.plan ?? null,
    used: Math.max(used, from?.epoch ?? 0),
  }
}

/** Only the epoch after the newest completed one can be pending: of the two newest rows each is one or the other. */
export async function newestOf(db: Database, lineageId: string): Promise<Newest> {
  const all = await newestRows(db, { lineageId, checkpointType: 'PERIODIC' })
  const used = all[0]?.epoch ?? 0
  const isDropped = all.some((row) => row.checkpointStatus === 'DROPPED')
  const rows = isDropped
    ? await newestRows(db, { lineageId, checkpointType: 'PERIODIC', checkpointStatus: { [Op.ne]: 'DROPPED' } })
    : all
  const completed = rows.find((row) => row.checkpointStatus === 'COMPLETED') ?? null
  return { completed, pending: rows.find((row) => row.checkpointStatus !== 'COMPLETED') ?? null, used }
}

async function newestRows(db: Database, where: WhereOptions): Promise<readonly CheckpointRow[]> {
  const rows = await db.tables.checkpoint.findAll({ where, order: [['epoch', 'DESC']], limit: 2 })
  return rows.map((row) => row.get())
}

function recordOf(
  row: JobExecutionRow,
  { graph, settings }: JobVersion,
): Omit<ExecutionRecord, 'jobVersion' | 'isBehind'> {
  return {
    executionId: row.executionId,
    jobId: row.jobId,
    jobName: row.jobName,
    allowsNonRestoredState: row.allowNonRestoredState,
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
    bytes: bytesOf(graph, row.metrics?.operators ?? {}),
  }
}

async function restorePoint(
  db: Database,
  execution: JobExecutionRow,
  row: CheckpointRow,
  graph: JobGraph,
): Promise<CompletedCheckpoint> {
  return isContinued(execution, row) ? positionsOnly(row, graph) : await checkpointAsItWas(db, row)
}

export async function checkpointAsItWas(db: Database, row: CheckpointRow): Promise<CompletedCheckpoint> {
  return {
    checkpointId: row.checkpointId,
    epoch: row.epoch,
    phase: row.phase,
    positions: row.positions ?? {},
    // State is files, and no file is empty; what watermarks are for is state.
    ...(row.stateSizeBytes === 0 ? { states: [] } : await statesOf(db, row.checkpointId)),
    next: row.nextStep ?? { kind: 'unplanned' },
  }
}

/** A new run, which takes the positions only. */
function isContinued({ executionId, restoreMode }: JobExecutionRow, row: CheckpointRow): boolean {
  return restoreMode === 'CONTINUE' && row.executionId !== executionId
}

/** Handles in the store, and watermarks; positions are beside them in the checkpoint itself. */
async function statesOf(
  db: Database,
  checkpointId: string,
): Promise<Pick<CompletedCheckpoint, 'states' | 'watermarks'>> {
  const rows = await db.tables.operatorState.findAll({
    where: { checkpointId, [Op.or]: [{ statePath: { [Op.ne]: null } }, { stateName: watermarkState }] },
    order: [['id', 'ASC']],
  })
  const all = rows.map((row) => row.get())
  const isFile = ({ statePath }: (typeof all)[number]) => statePath !== null
  const watermarks = all.filter((row) => !isFile(row)).map((row) => [row.operatorId, row.stateValue as NodeWatermark])
  return { states: all.filter(isFile).map(handleOf), watermarks: Object.fromEntries(watermarks) }
}

function handleOf(row: OperatorStateRow): StateHandle {
  const { operatorId, subtaskIndex, stateName, stateType, statePath, stateValue, stateSizeBytes, recordCount } = row
  return {
    nodeId: operatorId,
    subtask: subtaskIndex,
    name: stateName,
    type: stateType,
    path: statePath ?? '',
    sizeBytes: stateSizeBytes,
    records: recordCount,
    ...(stateValue === null ? {} : { by: stateValue as KeptBy }),
  }
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

export async function forkedFrom(db: Database, checkpointId: string | null): Promise<CheckpointRow | null> {
  if (checkpointId === null) return null
  const row = await db.tables.checkpoint.findOne({ where: { checkpointId, checkpointStatus: 'COMPLETED' } })
  return row?.get() ?? null
}
