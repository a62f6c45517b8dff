import { dirname } from 'node:path'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'

/** What went wrong with a file, for people. */
export function fileFault(path: string, error: unknown): JobError {
  if (isJobError(error)) return error
  const code = errorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new JobError('source.missing', `There is no file ${path}.`, { cause: error, pointer: '/path' })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new JobError('disk.full', `No space is left for ${path}.`, { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new JobError('source.unreadable', `The file ${path} may not be read by this user.`, { cause: error })
  }
  return new JobError('source.unreadable', `The file ${path} could not be read: ${code ?? 'unknown error'}.`, {
    cause: error,
  })
}

export function changed(path: string): JobError {
  return new JobError('source.changed', `The file ${path} changed after it was planned.`, {
    hint: 'Start a new execution, or write new data to a new file.',
  })
}

/** It is not the source's disk that is full. */
export function noSpaceHere(folder: string, cause: unknown): JobError | null {
  if (errorCode(cause) !== 'ENOSPC') return null
  return new JobError('disk.full', `No space is left in ${dirname(folder)}, where files are worked on.`, { cause })
}
