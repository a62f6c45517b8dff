/** Records that could not be processed: looked at, corrected, and given to a replay. */
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { Place } from '../../core/record/rejected.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { DeadLetterRow, DeadLetterStatus, LetterForm } from '../tables/executions.js'
import { conditionsOf, type DeadLetterConditions } from './dead-letter/conditions.js'
import { type ReplayRequest, type Replays, startReplays } from './dead-letter/start-replays.js'

export type { ReplayRequest, Replays } from './dead-letter/start-replays.js'

export interface DeadLetterRecord {
  readonly deadLetterId: string
  readonly jobId: string
  readonly jobVersion: number
  readonly executionId: string
  readonly epoch: number
  readonly operatorId: string
  readonly originalRecord: string
  readonly editedRecord: string | null
  /** null: it cannot be replayed. */
  readonly recordForm: LetterForm | null
  readonly sourcePosition: Place | null
  readonly errorCode: string
  readonly errorMessage: string
  readonly status: DeadLetterStatus
  readonly replayExecutionId: string | null
  readonly replayedAt: string | null
  readonly updatedBy: string | null
  readonly version: number
  readonly createdAt: string
}

/** Those of a job, newest first. */
export interface DeadLetterFilter extends PageRequest, DeadLetterConditions {}

/** `record` null: as it was at first. */
export type DeadLetterChange = { readonly record: string | null } | { readonly status: 'DISCARDED' | 'NEW' }

export type DeadLetterStore = ReturnType<typeof deadLetterStore>

export function deadLetterStore(database: Database) {
  const { deadLetter } = database.tables
  const get = async (deadLetterId: string): Promise<DeadLetterRecord> => {
    const row = await deadLetter.findOne({ where: { deadLetterId } })
    if (row === null) throw new JobError('not.found', `There is no dead letter ${deadLetterId}.`)
    return recordOf(row.get())
  }
  return {
    get,
    async list(jobId: string, filter: DeadLetterFilter): Promise<Page<DeadLetterRecord>> {
      const { where, order, limit } = pageQuery(filter)
      const rows = await deadLetter.findAll({
        where: { [Op.and]: [where, { jobId }, ...conditionsOf(filter)] },
        order,
        limit,
      })
      return pageOf(
        rows.map((row) => row.get()),
        filter,
        recordOf,
      )
    },
    /** Only of one that waits: what a replay reads does not change under it. */
    async change(
      deadLetterId: string,
      version: number | null,
      change: DeadLetterChange,
      by: string,
    ): Promise<DeadLetterRecord> {
      const known = await get(deadLetterId)
      if (known.status === 'REPLAYING' || known.status === 'REPLAYED')
        throw new JobError('conflict', `The dead letter is ${known.status}, and cannot be changed.`)
      const [changed] = await deadLetter.update(
        { ...columnsOf(change, known), updatedBy: by, version: known.version + 1 },
        { where: { deadLetterId, version: version ?? known.version, deadLetterStatus: known.status } },
      )
      const now = await get(deadLetterId)
      if (changed > 0) return now
      throw new JobError('conflict', `The dead letter was changed in the meantime; its version is ${now.version}.`)
    },
    replay: (request: ReplayRequest): Promise<Replays> => startReplays(database, request),
  }
}

function columnsOf(change: DeadLetterChange, { editedRecord }: DeadLetterRecord): Partial<DeadLetterRow> {
  if ('record' in change) {
    const { record } = change
    return { editedRecord: record, deadLetterStatus: record === null ? 'NEW' : 'EDITED' }
  }
  const { status } = change
  return { deadLetterStatus: status === 'NEW' && editedRecord !== null ? 'EDITED' : status }
}

function recordOf(row: DeadLetterRow): DeadLetterRecord {
  return {
    deadLetterId: row.deadLetterId,
    jobId: row.jobId,
    jobVersion: row.jobVersion,
    executionId: row.executionId,
    epoch: row.epoch,
    operatorId: row.operatorId,
    originalRecord: row.originalRecord,
    editedRecord: row.editedRecord,
    recordForm: row.recordForm,
    sourcePosition: row.sourcePosition,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    status: row.deadLetterStatus,
    replayExecutionId: row.replayExecutionId,
    replayedAt: row.replayTime?.toISOString() ?? null,
    updatedBy: row.updatedBy,
    version: row.version,
    createdAt: row.createTime.toISOString(),
  }
}
