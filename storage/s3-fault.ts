/** What went wrong with S3, for people: by name and status only, never in the words of a request. */
import { isJobError, JobError } from '../core/errors/job-error.js'
import { errorCode } from '../core/errors/system-error.js'
import type { S3Place } from './s3-url.js'
import { storageFault } from './storage-fault.js'

export function s3Fault(what: string, error: unknown, place: S3Place): JobError {
  if (isJobError(error)) return error
  const name = nameOf(error)
  const status = statusOf(error)
  const where = place.endpoint ?? 'AWS'
  if (name === 'NoSuchBucket' || (status === 404 && name === 'NotFound'))
    return new JobError('environment.invalid', `There is no bucket ${place.bucket} at ${where}.`, {
      hint: 'Make it, or correct ETL_STORAGE_URL.',
    })
  if (isNoRegion(error))
    return new JobError('environment.invalid', `The region of the bucket ${place.bucket} is not known.`, {
      hint: 'Name it in ETL_STORAGE_URL (s3://bucket/prefix?region=…), or set AWS_REGION.',
    })
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed' || status === 301)
    return new JobError('environment.invalid', `The bucket ${place.bucket} is in another region.`, {
      hint: 'Name its region in ETL_STORAGE_URL: s3://bucket/prefix?region=…',
    })
  if (isNoCredential(error))
    return new JobError('environment.invalid', `There are no credentials for the bucket ${place.bucket}.`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
    })
  if (status === 401 || status === 403)
    return new JobError('connection.denied', `The bucket ${place.bucket} is closed to us (${what}): ${name}.`, {
      hint: 'The credentials must be allowed to list it, and to get, put and delete its objects.',
    })
  if (name === 'XMinioStorageFull' || status === 507)
    return new JobError('disk.full', `No space is left in the bucket ${place.bucket} (${what}).`, {
      hint: 'Free space there, or keep fewer checkpoints (checkpoint.retained).',
    })
  // Of this machine: its disk, not the bucket.
  if (status === null && /^E(NOSPC|DQUOT|ACCES|ROFS|NOENT)$/.test(errorCode(error) ?? ''))
    return storageFault(what, error)
  return new JobError('storage.failed', `The checkpoint store failed (${what}): ${systemCode(error) ?? name}.`, {
    hint: `Is ${where} up, and to be reached from here?`,
  })
}

/** A lost connection, a server that is busy or failing: asked again it may go well. */
export function isPassing(error: unknown): boolean {
  if (isJobError(error)) return false
  const status = statusOf(error)
  if (status !== null) return status >= 500 || status === 429 || status === 408
  return errorCode(error) !== 'ENOSPC' && !isNoCredential(error) && !isNoRegion(error)
}

const isNoCredential = (error: unknown) => /Credential|TokenProvider/.test(nameOf(error))
const isNoRegion = (error: unknown) => error instanceof Error && error.message.startsWith('Region is missing')

export function isMissing(error: unknown): boolean {
  return nameOf(error) === 'NoSuchKey'
}

/** Somebody was there before: 412; or is at it at the same moment: 409. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed'
}

export function isAtTheSameTime(error: unknown): boolean {
  return statusOf(error) === 409
}

/** The SDK may have wrapped an error of the system, and then only its words are left. */
function systemCode(error: unknown): string | undefined {
  return errorCode(error) ?? (error instanceof Error ? /\bE[A-Z]{4,}\b/.exec(error.message)?.[0] : undefined)
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : 'unknown error'
}

function statusOf(error: unknown): number | null {
  const { $metadata } = (error ?? {}) as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return $metadata?.httpStatusCode ?? null
}
