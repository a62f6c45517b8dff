/** Records that could not be processed, as people look at them. */
import { Op, type WhereOptions } from 'sequelize'
import type { Place } from '../../core/record/rejected.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { DeadLetterRow } from '../tables/executions.js'

export interface DeadLetterRecord {
  readonly deadLetterId: string
  readonly jobId: string
  readonly jobVersion: number
  readonly executionId: string
  readonly epoch: number
  readonly operatorId: string
  readonly originalRecord: string
  readonly editedRecord: string | null
  readonly sourcePosition: Place | null
  readonly errorCode: string
  readonly errorMessage: string
  readonly status: DeadLetterRow['deadLetterStatus']
  readonly version: number
  readonly createdAt: string
}

export interface DeadLetterFilter extends PageRequest {
  readonly status?: DeadLetterRow['deadLetterStatus'] | undefined
  readonly executionId?: string | undefined
}

export type DeadLetterStore = ReturnType<typeof deadLetterStore>

export function deadLetterStore(database: Database) {
  return {
    async list(jobId: string, filter: DeadLetterFilter): Promise<Page<DeadLetterRecord>> {
      const { where: before, order, limit } = pageQuery(filter)
      const conditions: WhereOptions[] = [before, { jobId }]
      if (filter.status !== undefined) conditions.push({ deadLetterStatus: filter.status })
      if (filter.executionId !== undefined) conditions.push({ executionId: filter.executionId })
      const rows = await database.tables.deadLetter.findAll({
        where: { [Op.and]: conditions },
        order,
        limit,
      })
      const found = rows.map((row) => row.get())
      return pageOf(found, filter, recordOf)
    },
  }
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
    sourcePosition: row.sourcePosition,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    status: row.deadLetterStatus,
    version: row.version,
    createdAt: row.createTime.toISOString(),
  }
}
