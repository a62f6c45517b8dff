import { isJobError, JobError } from '../../../core/errors/job-error.js'
import { lostConnection } from '../../../core/errors/system-error.js'

interface ServerError {
  /** SQLSTATE, or a code of the system. */
  readonly code?: string
  readonly message?: string
  readonly severity?: string
  /** Where in a COPY. */
  readonly where?: string
}

/** What went wrong with the database, for people: no statement, no password. */
export function postgresFault(error: unknown, what: string): JobError {
  if (isJobError(error)) return error
  const { code = '', message = '', severity } = asServerError(error)
  const known = faults.find(({ codes }) => codes.test(code))
  if (known) return new JobError(known.as, `${known.says} (${what}): ${message}`, { cause: error, ...known.further })
  if (isConnectionLoss(error)) {
    const reason = code || message || 'connection lost'
    return new JobError('connection.refused', `The database cannot be reached (${what}): ${reason}.`, { cause: error })
  }
  if (severity !== undefined) {
    return new JobError('sink.refused', `The database refused this (${what}): ${message}`, { cause: error })
  }
  return new JobError('internal', `Unexpected trouble with the database (${what}).`, { cause: error })
}

/** The server is gone, or has ended this connection. */
export function isConnectionLoss(error: unknown): boolean {
  const { code = '', message = '' } = asServerError(error)
  return lostConnection.includes(code) || lostCodes.test(code) || lostWords.test(message)
}

/** One that may go well when it is tried again, in a transaction of its own. */
export const isLockTrouble = (error: unknown): boolean => /^(55P03|40P01|40001)$/.test(asServerError(error).code ?? '')

/** The records are at fault: a value that a type does not take, a constraint. */
export const isRecordTrouble = (error: unknown): boolean => /^(22|23)/.test(asServerError(error).code ?? '')

/** By shape: errors cross realms where modules are sandboxed. */
export function asServerError(error: unknown): ServerError {
  return typeof error === 'object' && error !== null ? (error as ServerError) : {}
}

const lostCodes = /^(08...|57P0[1235]|53300)$/
const lostWords = /^Connection terminated|not queryable|Client was closed|timeout expired|Connection ended/i

const faults = [
  {
    codes: /^(28...|42501)$/,
    as: 'connection.denied',
    says: 'The database refused the user or the permission',
    further: {},
  },
  { codes: /^3D000$/, as: 'source.missing', says: 'There is no such database', further: { pointer: '/connection' } },
  { codes: /^(42P01|3F000)$/, as: 'source.missing', says: 'There is no such table', further: {} },
  { codes: /^42(601|703|883)$/, as: 'sql.invalid', says: 'The database does not understand this', further: {} },
  {
    codes: /^53100$/,
    as: 'sink.refused',
    says: 'The database has no space left',
    further: { hint: 'Free some space on its disk; the epoch is written again.' },
  },
] as const
