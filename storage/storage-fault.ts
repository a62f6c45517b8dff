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

export function missingObject(key: string, cause?: unknown): JobError {
  return new JobError('storage.failed', `The checkpoint store has no object ${key}.`, {
    hint: 'It may have been removed by hand, or the storage URL names another place than when it was written.',
    cause,
  })
}
