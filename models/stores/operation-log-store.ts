/** The audit: what people did, appended and read, never changed. */
import { randomUUID } from 'node:crypto'
import { Op } from 'sequelize'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { OperationLogRow } from '../tables/users.js'
import { chainSigner, readChain } from './audit/chain.js'
import { type KnownHead, type Verification, verifyChain } from './audit/verify.js'
import { auditWriter, type NewEntry } from './audit/writer.js'

export type { Verification } from './audit/verify.js'

export interface Operation {
  /** Asked again with the same: it is there once. Absent: a new one. */
  readonly logId?: string
  readonly userId: string | null
  readonly username: string | null
  readonly operationType: string
  readonly resourceType: string
  readonly resourceId: string | null
  readonly requestMethod: string | null
  readonly requestPath: string | null
  /** Without secrets. */
  readonly requestParams: Readonly<Record<string, unknown>>
  readonly responseStatus: number | null
  readonly succeeded: boolean
  readonly errorMessage: string | null
  readonly ipAddress: string | null
  readonly userAgent: string | null
  readonly durationMs: number | null
  readonly startedAt: Date | null
}

type OfCall = 'userId' | 'requestMethod' | 'requestPath' | 'responseStatus' | 'ipAddress' | 'userAgent'

/** What came by no call of the API, and of no user that it knows. */
export function ownOperation(told: Omit<Operation, OfCall>): Operation {
  const ofNoCall: Readonly<Record<OfCall, null>> = {
    userId: null,
    requestMethod: null,
    requestPath: null,
    responseStatus: null,
    ipAddress: null,
    userAgent: null,
  }
  return { ...ofNoCall, ...told }
}

export interface OperationRecord extends Omit<Operation, 'logId' | 'succeeded' | 'startedAt' | 'resourceType'> {
  readonly logId: string
  readonly resourceType: string | null
  readonly operationStatus: 'SUCCESS' | 'FAILED'
  /** When the operation began. */
  readonly startedAt: string | null
  /** When the entry was written. */
  readonly time: string
  /** Its place in the chain; null: older than the chain. */
  readonly sequence: string | null
  readonly previousHash: string | null
  readonly entryHash: string | null
}

export interface OperationFilter extends PageRequest {
  readonly userId?: string | undefined
  readonly username?: string | undefined
  readonly operationType?: string | undefined
  readonly resourceType?: string | undefined
  readonly resourceId?: string | undefined
  readonly status?: 'SUCCESS' | 'FAILED' | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type OperationLogStore = ReturnType<typeof operationLogStore>

/** `clock`: in tests, another time than the server's, as MySQL writes it. */
export function operationLogStore(database: Database, secretKey: string, clock?: () => string) {
  const { operationLog } = database.tables
  const writer = auditWriter(database, secretKey, clock)
  const signer = chainSigner(secretKey)
  return {
    /** Resolves once it is durable; while MySQL is away it waits. */
    append: async (operation: Operation): Promise<void> => await writer.write(entryOf(operation)),
    /** Before the process ends; answers how many could not be written. */
    flush: async (withinMs: number): Promise<number> => await writer.flush(withinMs),
    /** Those that wait still are refused: whoever gave them says so. */
    giveUp: async (): Promise<void> => await writer.giveUp(),
    verify: async (known: KnownHead | null): Promise<Verification> =>
      await verifyChain(database, signer, known, writer.hasWritten()),
    /** The newest entry, `sequence:hash`: for whoever keeps it somewhere else. */
    async head(): Promise<string | null> {
      const chain = await readChain(database)
      return chain === null ? null : `${chain.sequence}:${chain.hash}`
    },
    /** Steps of the schema since those that the audit knows; each is told once, whoever asks. */
    async newMigrations(): Promise<readonly string[]> {
      const [known] = await database.query<{ id: string }>(
        'SELECT CAST(audited_migration_id AS CHAR) AS id FROM etl_audit_chain WHERE id = 1',
      )
      const rows = await database.query<{ id: string; name: string }>(
        'SELECT CAST(id AS CHAR) AS id, migration_name AS name FROM etl_schema_migration WHERE id > :known ORDER BY etl_schema_migration.id',
        { known: Number(known?.id ?? 0) },
      )
      const id = Number(rows.at(-1)?.id ?? 0)
      if (known === undefined || id === 0) return []
      const mine = await database.execute(
        'UPDATE etl_audit_chain SET audited_migration_id = :id WHERE id = 1 AND audited_migration_id < :id',
        { id },
      )
      return mine === 0 ? [] : rows.map(({ name }) => name)
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

const MOST_CHARACTERS = 256 * 1024

/** Cut to what the columns hold: an entry that is too long must not be lost. */
function entryOf(operation: Operation): NewEntry {
  const params = JSON.stringify(operation.requestParams)
  return {
    log_id: operation.logId ?? randomUUID(),
    user_id: cut(operation.userId, 64),
    username: cut(operation.username, 64),
    operation_type: cut(operation.operationType, 64),
    resource_type: cut(operation.resourceType, 64),
    resource_id: cut(operation.resourceId, 191),
    request_method: cut(operation.requestMethod, 16),
    request_path: cut(operation.requestPath, 512),
    request_params: cut(
      params.length > MOST_CHARACTERS ? `{"leftOutCharacters":${params.length}}` : params,
      MOST_CHARACTERS,
    ),
    response_status: textOf(operation.responseStatus),
    operation_status: operation.succeeded ? 'SUCCESS' : 'FAILED',
    error_message: cut(operation.errorMessage, 2000),
    ip_address: cut(operation.ipAddress, 64),
    user_agent: cut(operation.userAgent, 512),
    duration_ms: operation.durationMs === null ? null : textOf(Math.round(operation.durationMs)),
    start_time: operation.startedAt?.toISOString().replace('T', ' ').replace('Z', '') ?? null,
  }
}

const textOf = (value: number | null): string | null => (value === null ? null : String(value))

/** By characters as MySQL counts them, and as they come back: half of a pair would become another one. */
function cut(text: string | null, most: number): string | null {
  if (text === null) return null
  return Buffer.from(text.length <= most ? text : [...text].slice(0, most).join('')).toString()
}

function recordOf(row: OperationLogRow): OperationRecord {
  const {
    id: _id,
    operationTime,
    startTime,
    requestParams,
    createTime: _at,
    requestId: _r,
    chainSequence,
    ...rest
  } = row
  return {
    ...rest,
    requestParams: requestParams ?? {},
    time: operationTime.toISOString(),
    startedAt: startTime?.toISOString() ?? null,
    sequence: chainSequence === null ? null : String(chainSequence),
  }
}
