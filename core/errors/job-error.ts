import { CODES, type ErrorCode } from './codes.js'

export interface ErrorDetails {
  /** JSON pointer of the field at fault. */
  readonly pointer?: string
  readonly nodeId?: string
  /** What to do next. */
  readonly hint?: string
  readonly cause?: unknown
}

/** Expected trouble, in words for people. Its message holds no secret and no stack. */
export class JobError extends Error {
  override readonly name = 'JobError'
  readonly pointer: string | undefined
  readonly nodeId: string | undefined
  readonly hint: string | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.pointer = details.pointer
    this.nodeId = details.nodeId
    this.hint = details.hint
  }
}

/** An error as reports show it (SURFACES section 3). */
export interface ReportedError {
  readonly code: string
  readonly message: string
  readonly nodeId: string | null
  readonly hint: string | null
  readonly retryable: boolean
}

/** The error that was reported, by whoever has kept so much of it. */
export function asJobError({
  code,
  message,
  nodeId,
  hint,
}: Pick<ReportedError, 'code' | 'message'> & Partial<ReportedError>): JobError {
  const known = code in CODES ? (code as ErrorCode) : 'internal'
  return new JobError(known, message, { ...(nodeId && { nodeId }), ...(hint && { hint }) })
}

export function reportError(error: unknown): ReportedError {
  const known = toJobError(error)
  return {
    code: known.code,
    message: known.message,
    nodeId: known.nodeId ?? null,
    hint: known.hint ?? null,
    retryable: CODES[known.code].onFailure !== 'FAIL',
  }
}

/** Compared by shape and not by class: errors cross module realms in tests and in the workflow sandbox. */
export function isJobError(error: unknown): error is JobError {
  return error instanceof Error && error.name === 'JobError' && 'code' in error && String(error.code) in CODES
}

export function toJobError(error: unknown): JobError {
  if (isJobError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new JobError('internal', message.split('\n', 1)[0] ?? message, { cause: error })
}
