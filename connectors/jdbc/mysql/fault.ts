import { isJobError, JobError } from '../../../core/errors/job-error.js'
import { lostConnection } from '../../../core/errors/system-error.js'

interface ServerError {
  readonly code?: string
  readonly errno?: number
  readonly sqlState?: string
  readonly sqlMessage?: string
}

export const LOCK_WAIT_TIMEOUT = 1205
const DEADLOCK = 1213

/** What went wrong with the database, for people: no statement, no password. */
export function mysqlFault(error: unknown, what: string): JobError {
  if (isJobError(error)) return error
  const { code = '', sqlMessage } = asServerError(error)
  const said = sqlMessage === undefined ? code : sqlMessage
  if (denied.has(code)) {
    return new JobError('connection.denied', `The database refused the user or the permission (${what}): ${said}`, {
      cause: error,
    })
  }
  if (noSpace.has(Number(asServerError(error).errno))) {
    return new JobError('sink.refused', `The database has no space left (${what}): ${said}`, {
      cause: error,
      hint: 'Free some space on its disk; the epoch is written again.',
    })
  }
  if (code === 'ER_BAD_DB_ERROR')
    return new JobError('source.missing', `${said}.`, { cause: error, pointer: '/connection' })
  if (code === 'ER_NO_SUCH_TABLE') return new JobError('source.missing', `${said}.`, { cause: error })
  if (isConnectionLoss(error)) {
    return new JobError(
      'connection.refused',
      `The database cannot be reached (${what}): ${code || 'connection lost'}.`,
      {
        cause: error,
      },
    )
  }
  if (code === 'ER_PARSE_ERROR' || code === 'ER_BAD_FIELD_ERROR') {
    return new JobError('sql.invalid', `The database does not understand this (${what}): ${said}`, { cause: error })
  }
  if (isServerError(error)) {
    return new JobError('sink.refused', `The database refused this (${what}): ${said}`, { cause: error })
  }
  return new JobError('internal', `Unexpected trouble with the database (${what}).`, { cause: error })
}

/** The server is gone, or has ended this connection. */
export function isConnectionLoss(error: unknown): boolean {
  const { code = '' } = asServerError(error)
  return (
    lost.has(code) || (error instanceof Error && /closed state|connection (is )?(lost|closed)/i.test(error.message))
  )
}

/** One that may go well when it is tried again, in a transaction of its own. */
export function isLockTrouble(error: unknown): boolean {
  const { errno } = asServerError(error)
  return errno === LOCK_WAIT_TIMEOUT || errno === DEADLOCK
}

/** Said by the server, and not by the driver or the system. */
export const isServerError = (error: unknown): boolean => asServerError(error).sqlMessage !== undefined

/** The record is at fault: not the statement, the permission, the table or the disk. */
export function isRecordTrouble(error: unknown): boolean {
  const { errno, sqlState = '' } = asServerError(error)
  if (!isServerError(error) || isConnectionLoss(error) || isLockTrouble(error)) return false
  return !sqlState.startsWith('42') && !noSpace.has(Number(errno)) && !readOnly.has(Number(errno))
}

/** By shape: errors cross realms where modules are sandboxed. */
export function asServerError(error: unknown): ServerError {
  return typeof error === 'object' && error !== null ? (error as ServerError) : {}
}

const denied = new Set([
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
  'ER_MUST_CHANGE_PASSWORD',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
])

/** Of the disk, of a file, of a table. */
const noSpace = new Set([3, 1021, 1026, 1030, 1114])
const readOnly = new Set([1290, 1792, 1836])

const lost = new Set([
  ...lostConnection,
  'PROTOCOL_CONNECTION_LOST',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'HANDSHAKE_SSL_ERROR',
])
