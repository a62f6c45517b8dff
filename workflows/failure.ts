/** How what an activity threw reads in the loop: the one place that knows Temporal's failure classes. */
import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow'
import { asJobError, JobError, type ReportedError, toJobError } from '../core/errors/job-error.js'

export function fromTemporal(error: unknown): JobError {
  if (isCancellation(error)) return new JobError('cancelled', 'The execution was cancelled.')
  const cause = causeOf(error)
  if (cause instanceof ApplicationFailure) return fromApplication(cause)
  if (cause instanceof TimeoutFailure)
    return cause.timeoutType === 'START_TO_CLOSE'
      ? new JobError('checkpoint.timeout', 'The epoch took longer than checkpoint.timeout.', {
          hint: 'Raise checkpoint.timeout, or lower checkpoint.interval so that epochs are smaller.',
        })
      : new JobError('worker.lost', 'The worker that ran this step sent no heartbeat any more.')
  return cause instanceof Error && cause !== error ? new JobError('internal', cause.message) : toJobError(error)
}

/** It took too long, or failed in a way that passes. */
export function mayPass(error: unknown): boolean {
  const cause = causeOf(error)
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.nonRetryable !== true)
}

/** What a local activity throws comes as it is, and wrapped from the queue. */
function causeOf(error: unknown): unknown {
  return error instanceof ActivityFailure ? error.cause : error
}

function fromApplication(failure: ApplicationFailure): JobError {
  const report = failure.details?.[0] as ReportedError | undefined
  return asJobError({ ...report, code: failure.type ?? '', message: report?.message ?? failure.message })
}
