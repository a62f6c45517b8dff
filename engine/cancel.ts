/** Cancelling: running statements are interrupted at once, and nobody waits for what cannot be. */
import { JobError } from '../core/errors/job-error.js'

/** How long work may take to notice. */
const graceMs = 900
const interruptEveryMs = 25

/** The answer of `work`, or `cancelled` soon after the signal, whether or not the work has ended by then. */
export async function orCancelled<T>(work: Promise<T>, signal: AbortSignal, interrupt: () => void): Promise<T> {
  let stop: () => void = () => undefined
  const cancelled = new Promise<never>((_, reject) => {
    const begin = () => {
      // Again and again: an interrupt is forgotten by a statement that begins after it.
      interrupt()
      const again = setInterval(interrupt, interruptEveryMs)
      const late = setTimeout(() => reject(cancelledError()), graceMs)
      work
        .catch(() => undefined)
        .finally(() => {
          clearInterval(again)
          clearTimeout(late)
        })
    }
    if (signal.aborted) begin()
    else signal.addEventListener('abort', begin, { once: true })
    stop = () => signal.removeEventListener('abort', begin)
  })
  try {
    return await Promise.race([work, cancelled])
  } catch (error) {
    throw signal.aborted ? cancelledError() : error
  } finally {
    stop()
  }
}

export function cancelledError(): JobError {
  return new JobError('cancelled', 'It was cancelled.')
}
