import { isJobError, JobError } from '../core/errors/job-error.js'

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

/** By shape: errors of the system come from another realm where modules are sandboxed. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}
