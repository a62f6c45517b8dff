import { isJobError, JobError } from '../core/errors/job-error.js'
import { errorCode } from '../core/errors/system-error.js'

/** What went wrong with the store, for people. */
export function storageFault(what: string, error: unknown): JobError {
  if (isJobError(error)) return error
  const code = errorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new JobError('disk.full', `No space is left in the checkpoint store (${what}).`, {
      cause: error,
      hint: 'Free space there, or keep fewer checkpoints (checkpoint.retained).',
    })
  }
  return new JobError('storage.failed', `The checkpoint store failed (${what}): ${code ?? 'unknown error'}.`, {
    cause: error,
  })
}
