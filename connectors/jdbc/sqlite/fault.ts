import { isJobError, JobError } from '../../../core/errors/job-error.js'

interface DriverError {
  readonly code?: string
  readonly message?: string
}

/** What went wrong with the file, for people. */
export function sqliteFault(error: unknown, what: string): JobError {
  if (isJobError(error)) return error
  const { code = '', message = '' } = asDriverError(error)
  if (/no such table/.test(message)) return new JobError('source.missing', `${message} (${what}).`, { cause: error })
  if (/^(SQLITE_(CANTOPEN|NOTADB)|ENOENT|ENOTDIR|EACCES)/.test(code) || /does not exist|unable to open/.test(message)) {
    return new JobError('source.missing', `There is no database that can be opened (${what}).`, {
      cause: error,
      pointer: '/connection/url',
      hint: 'An empty file is a database without tables.',
    })
  }
  if (/^SQLITE_(READONLY|PERM|AUTH)/.test(code)) {
    return new JobError('connection.denied', `The database may not be written (${what}): ${message}.`, { cause: error })
  }
  if (code === 'SQLITE_ERROR') {
    return new JobError('sql.invalid', `The database does not understand this (${what}): ${message}.`, { cause: error })
  }
  if (code !== '')
    return new JobError('sink.refused', `The database refused this (${what}): ${message}.`, { cause: error })
  return new JobError('internal', `Unexpected trouble with the database (${what}).`, { cause: error })
}

/** A newer writer of this process has ended it. */
export const isConnectionLoss = (error: unknown): boolean => /not open/.test(asDriverError(error).message ?? '')

export const isLockTrouble = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(asDriverError(error).code ?? '')

export const isRecordTrouble = (error: unknown): boolean =>
  /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(asDriverError(error).code ?? '')

/** By shape: errors cross realms where modules are sandboxed. */
export function asDriverError(error: unknown): DriverError {
  return typeof error === 'object' && error !== null ? (error as DriverError) : {}
}
