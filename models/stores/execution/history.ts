/** Timeline and operators of an execution. */
import { Op } from 'sequelize'
import { noRecords } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { ExecutionEventRow } from '../../tables/executions.js'
import type { EventRecord, OperatorRecords } from '../execution-store.js'
import { findExecution } from '../journal/ownership.js'
import { sumOfSteps } from '../journal/sum-of-steps.js'
import { findSlowest } from './slowest.js'

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
