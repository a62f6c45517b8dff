/** Timeline and operators of an execution. */
import { Op } from 'sequelize'
import type { EventType, ExecutionEvent } from '../../../core/execution/journal.js'
import type { Slowest } from '../../../core/metrics/slowest.js'
import { type Counters, noRecords } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { ExecutionEventRow } from '../../tables/executions.js'
import { findExecution } from '../journal/ownership.js'
import { sumOfSteps } from '../journal/sum-of-steps.js'
import { findSlowest } from './slowest.js'

export interface EventRecord extends ExecutionEvent {
  /** Increases: what came after is what is greater. */
  readonly sequence: string
  readonly eventId: string
  readonly type: EventType
  readonly time: string
  readonly epoch: number | null
  readonly attempt: number | null
}

export interface OperatorRecord {
  readonly id: string
  readonly name: string
  readonly nodeType: 'SOURCE' | 'OPERATOR' | 'SINK'
  readonly kind: string
  readonly parallelism: number
  /** Committed. */
  readonly counters: Counters
  /** Of the epoch that is running. */
  readonly running: Counters | null
}

export interface OperatorRecords {
  /** In the order of the graph. */
  readonly items: readonly OperatorRecord[]
  /** null: nothing has been worked on yet. */
  readonly slowest: Slowest | null
}

export async function listEvents(
  db: Database,
  executionId: string,
  { limit, after = '0' }: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly EventRecord[]> {
  await findExecution(db, executionId)
  const rows = await db.tables.executionEvent.findAll({
    where: { executionId, id: { [Op.gt]: after } },
    order: [['id', 'ASC']],
    limit,
  })
  return rows.map((row) => eventRecord(row.get()))
}

export async function operatorCounters(db: Database, executionId: string): Promise<OperatorRecords> {
  const { jobId, jobVersion, metrics, progress } = await findExecution(db, executionId)
  const version = await db.tables.jobVersion.findOne({ where: { jobId, jobVersion } })
  const graph = version?.get().jobGraph
  const running = sumOfSteps(progress)
  return {
    items: (graph?.stream.nodes ?? []).map(({ id, name, nodeType, kind, parallelism }) => ({
      id,
      name,
      nodeType,
      kind,
      parallelism,
      counters: metrics?.operators[id] ?? noRecords,
      running: running[id] ?? null,
    })),
    slowest: graph === undefined ? null : await findSlowest(db, executionId, graph, running),
  }
}

function eventRecord(row: ExecutionEventRow): EventRecord {
  return {
    sequence: row.id,
    eventId: row.eventId,
    type: row.eventType,
    level: row.eventLevel,
    message: row.message,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.details === null ? {} : { details: row.details }),
    time: row.eventTime.toISOString(),
    epoch: row.epoch,
    attempt: row.attempt,
  }
}
