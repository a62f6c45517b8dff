import type { ErrorCode } from './codes.js'
import { JobError } from './job-error.js'
import type { Problem } from './problem.js'

/** Several things are wrong with what was given; all are named at once. */
export class InvalidInput extends JobError {
  constructor(
    code: ErrorCode,
    message: string,
    readonly problems: readonly Problem[],
  ) {
    super(code, message)
  }
}
