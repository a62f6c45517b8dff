/** Whether a FAILED execution is tried again as a whole: after restarts are used up, and unlike them a new execution. */
import { CODES, type ErrorCode } from '../errors/codes.js'

export interface Failed {
  readonly errorCode: string | null
  /** How many retries there have been. */
  readonly retryNumber: number
}

/** In how many milliseconds; null: not at all. */
export function retryDelayMs(
  retry: { readonly max: number; readonly delayMs: number } | null,
  { errorCode, retryNumber }: Failed,
): number | null {
  if (retry === null || retryNumber >= retry.max || !mayHelp(errorCode)) return null
  return retry.delayMs
}

/** What the user has to mend stays as it is; these two are of the user too, and pass all the same. */
const PASSES: readonly string[] = ['execution.timeout', 'source.missing'] satisfies ErrorCode[]

function mayHelp(errorCode: string | null): boolean {
  if (errorCode === null || !(errorCode in CODES) || PASSES.includes(errorCode)) return true
  const { owner, onFailure } = CODES[errorCode as ErrorCode]
  return owner !== 'USER' || onFailure !== 'FAIL'
}
