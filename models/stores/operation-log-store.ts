/** The audit: what people did, appended and read, never changed. */
import { randomUUID } from 'node:crypto'
import { Op } from 'sequelize'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { OperationLogRow } from '../tables/users.js'

export interface Operation {
  readonly userId: string | null
  readonly username: string | null
  readonly operationType: string
  readonly resourceType: string
  readonly resourceId: string | null
  readonly requestMethod: string
  readonly requestPath: string
  /** Without secrets. */
  readonly requestParams: Readonly<Record<string, unknown>>
  readonly responseStatus: number
  readonly succeeded: boolean
  readonly errorMessage: string | null
  readonly ipAddress: string
  readonly userAgent: string | null
  readonly durationMs: number
}

export interface OperationRecord
  extends Omit<
    Operation,
    'succeeded' | 'resourceType' | 'requestMethod' | 'requestPath' | 'responseStatus' | 'ipAddress' | 'durationMs'
  > {
  readonly logId: string
  readonly resourceType: string | null
  readonly requestMethod: string | null
  readonly requestPath: string | null
  readonly responseStatus: number | null
  readonly operationStatus: 'SUCCESS' | 'FAILED'
  readonly ipAddress: string | null
  readonly durationMs: number | null
  readonly time: string
}

export interface OperationFilter extends PageRequest {
  readonly userId?: string | undefined
  readonly operationType?: string | undefined
  readonly resourceType?: string | undefined
  readonly resourceId?: string | undefined
  readonly status?: 'SUCCESS' | 'FAILED' | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type OperationLogStore = ReturnType<typeof operationLogStore>

export function operationLogStore(database: Database) {
  const { operationLog } = database.tables
  return {
    async append({ succeeded, ...operation }: Operation): Promise<void> {
      const operationStatus = succeeded ? 'SUCCESS' : 'FAILED'
      await operationLog.create({ ...operation, logId: randomUUID(), operationStatus, operationTime: new Date() })
    },
    async list(filter: OperationFilter): Promise<Page<OperationRecord>> {
      const { limit: _limit, cursor: _cursor, order: _order, from, to, status, ...equal } = filter
      const given = Object.fromEntries(Object.entries(equal).filter(([, value]) => value !== undefined))
      const times = {
        ...(from === undefined ? {} : { [Op.gte]: new Date(from) }),
        ...(to === undefined ? {} : { [Op.lt]: new Date(to) }),
      }
      const where = {
        ...given,
        ...(status === undefined ? {} : { operationStatus: status }),
        ...(from === undefined && to === undefined ? {} : { operationTime: times }),
      }
      const { where: before, order, limit } = pageQuery(filter)
      const rows = await operationLog.findAll({ where: { [Op.and]: [before, where] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        filter,
        recordOf,
      )
    },
  }
}

function recordOf(row: OperationLogRow): OperationRecord {
  const {
    id: _id,
    operationTime,
    requestParams,
    createTime: _at,
    previousHash: _p,
    entryHash: _e,
    requestId: _r,
    ...rest
  } = row
  return { ...rest, requestParams: requestParams ?? {}, time: operationTime.toISOString() }
}
