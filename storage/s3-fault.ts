/** What went wrong with S3, for people: by name and status only, never in the words of a request. */
import type { ErrorCode } from '../core/errors/codes.js'
import { isJobError, JobError } from '../core/errors/job-error.js'
import { errorCode } from '../core/errors/system-error.js'
import type { BucketPlace } from './s3-client.js'
import { storageFault } from './storage-fault.js'

/** What a bucket holds, for people, and whose fault it is where something is wrong with it. */
export interface BucketUse {
  /** Like `the checkpoint store`. */
  readonly what: string
  /** Where its address is said, and what else could be said there. */
  readonly setting: string
  readonly instead: string
  readonly whenFull: string
  readonly whenTooLarge: string
  readonly credentials: string
  readonly wrong: ErrorCode
  readonly failed: ErrorCode
}

export function s3Fault(what: string, error: unknown, place: BucketPlace, use: BucketUse): JobError {
  if (isJobError(error)) return error
  const name = nameOf(error)
  const status = statusOf(error)
  const where = place.endpoint ?? 'AWS'
  if (name === 'NoSuchBucket' || (status === 404 && name === 'NotFound'))
    return new JobError(use.wrong, `There is no bucket ${place.bucket} at ${where}.`, {
      hint: `Make it, or correct ${use.setting}.`,
    })
  if (isNoRegion(error))
    return new JobError(use.wrong, `The region of the bucket ${place.bucket} is not known.`, {
      hint: `Name it in ${use.setting} (region), or set AWS_REGION.`,
    })
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed' || status === 301)
    return new JobError(use.wrong, `The bucket ${place.bucket} is in another region.`, {
      hint: `Name its region in ${use.setting} (region).`,
    })
  if (isNoCredential(error))
    return new JobError(use.wrong, `There are no credentials for the bucket ${place.bucket}.`, {
      hint: use.credentials,
    })
  if (status === 401 || status === 403)
    return new JobError('connection.denied', `${bucketOf(place)} is closed to us (${what}): ${name}.`, {
      hint: 'The credentials must be right, and be allowed to list it, and to get, put and delete its objects.',
    })
  if (name === 'XMinioStorageFull' || status === 507)
    return new JobError('disk.full', `No space is left in the bucket ${place.bucket} (${what}).`, {
      hint: use.whenFull,
    })
  // Of this machine: its disk, not the bucket.
  if (status === null && /^E(NOSPC|DQUOT|ACCES|ROFS|NOENT)$/.test(errorCode(error) ?? ''))
    return storageFault(what, error)
  const subject = use.what[0]!.toUpperCase() + use.what.slice(1)
  return new JobError(use.failed, `${subject} failed (${what}): ${systemCode(error) ?? name}.`, {
    hint: `Is ${where} up, and to be reached from here?`,
  })
}

const bucketOf = ({ bucket, endpoint }: BucketPlace) => (bucket ? `The bucket ${bucket}` : (endpoint ?? 'AWS'))

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

/** Whoever only looks is told no more than that it is not there: the object, or its bucket. */
export function isNotFound(error: unknown): boolean {
  return isMissing(error) || statusOf(error) === 404
}

/** Known, and not allowed. */
export const isForbidden = (error: unknown) => nameOf(error) === 'AccessDenied'

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
