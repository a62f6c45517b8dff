/** Lines of the timeline. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { ExecutionEvent } from '../../../core/execution/journal.js'
import type { Database } from '../../database.js'

export interface EventPlace {
  readonly executionId: string
  readonly jobId: string
  readonly attempt: number
  readonly epoch?: number | null
}

export async function addEvents(
  db: Database,
  place: EventPlace,
  events: readonly ExecutionEvent[],
  transaction?: Transaction,
): Promise<void> {
  if (events.length === 0) return
  const rows = events.map((event) => ({
    eventId: randomUUID(),
    executionId: place.executionId,
    jobId: place.jobId,
    attempt: place.attempt,
    epoch: place.epoch ?? null,
    eventType: event.type,
    eventLevel: event.level,
    eventTime: new Date(),
    code: event.code ?? null,
    message: event.message.slice(0, LONGEST_MESSAGE),
    details: event.details ?? null,
  }))
  await db.tables.executionEvent.bulkCreate(rows, transaction === undefined ? {} : { transaction })
}

/** For the end of a sentence. */
export const asAsked = (by: string | null): string => (by === null ? '' : `, as ${by} asked`)

const LONGEST_MESSAGE = 10_000
