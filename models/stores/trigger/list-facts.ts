/** Facts as people see them: what happened, and what each job made of it. */
import { Op, type WhereOptions } from 'sequelize'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { TriggerEventRow } from '../../tables/system.js'

export interface EventFilter extends PageRequest {
  /** `JOB_FINISHED`, or as the sender names it. */
  readonly type?: string | undefined
  /** Whose end it is. */
  readonly jobId?: string | undefined
}

export interface FactRecord {
  readonly eventId: string
  readonly type: string
  readonly time: string
  readonly logicalTime: string | null
  readonly isScheduledTime: boolean
  readonly source: { readonly jobId: string; readonly executionId: string; readonly status: string } | null
  readonly payload: Readonly<Record<string, unknown>> | null
  /** False: nobody has looked yet whom it starts. */
  readonly isHandled: boolean
  readonly claims: readonly ClaimRecord[]
}

export interface ClaimRecord {
  readonly jobId: string
  readonly executionId: string | null
  readonly message: string | null
}

export async function listFacts(db: Database, filter: EventFilter): Promise<Page<FactRecord>> {
  const { where, order, limit } = pageQuery(filter)
  const wanted: WhereOptions[] = [{ downstreamJobId: '' }]
  if (filter.type !== undefined) wanted.push({ eventType: filter.type })
  if (filter.jobId !== undefined) wanted.push({ sourceJobId: filter.jobId })
  const rows = await db.tables.triggerEvent.findAll({ where: { [Op.and]: [where, ...wanted] }, order, limit })
  const facts = rows.map((row) => row.get())
  const claims = await claimsOf(db, facts)
  return pageOf(facts, filter, (fact) => factRecord(fact, claims.get(fact.eventId) ?? []))
}

export async function findEvent(db: Database, eventId: string): Promise<FactRecord | null> {
  const row = await db.tables.triggerEvent.findOne({ where: { eventId, downstreamJobId: '' } })
  if (row === null) return null
  const claims = await claimsOf(db, [row.get()])
  return factRecord(row.get(), claims.get(eventId) ?? [])
}

async function claimsOf(db: Database, facts: readonly TriggerEventRow[]): Promise<Map<string, ClaimRecord[]>> {
  const claims = new Map<string, ClaimRecord[]>(facts.map(({ eventId }) => [eventId, []]))
  if (facts.length === 0) return claims
  const rows = await db.tables.triggerEvent.findAll({
    where: { eventId: [...claims.keys()], downstreamJobId: { [Op.ne]: '' } },
    order: [['id', 'ASC']],
  })
  for (const row of rows) {
    const { eventId, downstreamJobId, claimedExecutionId, message } = row.get()
    claims.get(eventId)?.push({ jobId: downstreamJobId, executionId: claimedExecutionId, message })
  }
  return claims
}

function factRecord(row: TriggerEventRow, claims: readonly ClaimRecord[]): FactRecord {
  const { sourceJobId, sourceExecutionId, sourceStatus } = row
  return {
    eventId: row.eventId.replace(/^event\//, ''),
    type: row.eventType,
    time: row.eventTime.toISOString(),
    logicalTime: row.logicalTime?.toISOString() ?? null,
    isScheduledTime: row.isScheduledTime,
    source:
      sourceJobId === null
        ? null
        : { jobId: sourceJobId, executionId: sourceExecutionId ?? '', status: sourceStatus ?? '' },
    payload: row.payload,
    isHandled: row.isHandled,
    claims,
  }
}
