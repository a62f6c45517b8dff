/** The one place where a driver's error becomes one of ours (I7). */
import { isJobError, JobError } from '../core/errors/job-error.js'
import { lostConnection } from '../core/errors/system-error.js'

/**
 * A connection that cannot be had or was lost is `mysql.away`: activities wait for it. Left as they are: duplicates, which
 * stores ask for by isDuplicate, and meetings of transactions, which are tried again.
 */
export function toDatabaseError(error: unknown): unknown {
  if (isJobError(error) || !isError(error)) return error
  const code = driverCode(error)
  if (code !== null && DENIED.has(code)) {
    return new JobError(
      'connection.denied',
      'The catalogue database refused the user name, the password or the permission.',
      {
        hint: 'Check the user and password in ETL_MYSQL_URL, and what that user may do.',
        cause: error,
      },
    )
  }
  if (code === 'ER_NO_SUCH_TABLE' || code === 'ER_BAD_FIELD_ERROR' || code === 'ER_BAD_DB_ERROR') {
    return new JobError('environment.invalid', 'The catalogue database lacks a table or column.', {
      hint: 'Run: etl migrate',
      cause: error,
    })
  }
  if (code !== null && INSECURE.has(code)) {
    return new JobError('mysql.away', `The catalogue database cannot be reached as safely as is asked for (${code}).`, {
      hint: 'Check ETL_MYSQL_TLS_CA and the certificates: name, dates, authority. Name the host by its name: of an address the certificate cannot be verified.',
      cause: error,
    })
  }
  if (
    AWAY_NAMES.has(error.name) ||
    (code !== null && AWAY.has(code)) ||
    /closed state|Connection lost/.test(error.message)
  ) {
    return new JobError('mysql.away', 'The catalogue database cannot be reached.', {
      hint: 'Check that MySQL runs at the address in ETL_MYSQL_URL; work goes on by itself once it is back.',
      cause: error,
    })
  }
  if (code === null || code === 'ER_DUP_ENTRY' || TRANSIENT.has(code)) return error
  return new JobError('internal', 'The catalogue database refused a statement.', { cause: error })
}

/** Two transactions met: either may simply be tried again. */
export function isTransient(error: unknown): boolean {
  const code = driverCode(error)
  return code !== null && TRANSIENT.has(code)
}

export function isDuplicate(error: unknown): boolean {
  return driverCode(error) === 'ER_DUP_ENTRY'
}

/** `ER_…` or `ECONNREFUSED`, whoever wrapped it. */
export function driverCode(error: unknown): string | null {
  if (!isError(error)) return null
  const carriers = [error, 'original' in error ? error.original : null, 'parent' in error ? error.parent : null]
  for (const carrier of carriers) if (isError(carrier) && 'code' in carrier) return String(carrier.code)
  return null
}

/** By shape: the driver's errors may come from another realm. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error
}

const AWAY_NAMES = new Set([
  'SequelizeConnectionError',
  'SequelizeConnectionRefusedError',
  'SequelizeConnectionAcquireTimeoutError',
  'SequelizeConnectionTimedOutError',
  'SequelizeHostNotFoundError',
  'SequelizeHostNotReachableError',
])

const AWAY = new Set([
  ...lostConnection,
  'ENOENT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_OPTION_PREVENTS_STATEMENT',
])

const DENIED = new Set(['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_TABLEACCESS_DENIED_ERROR'])

/** What comes of it can be mended without a restart: executions wait. */
const INSECURE = new Set([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'HANDSHAKE_SSL_ERROR',
  'HANDSHAKE_NO_SSL_SUPPORT',
  'ER_SECURE_TRANSPORT_REQUIRED',
])

const TRANSIENT = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'])
