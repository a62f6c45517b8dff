import { setTimeout as sleep } from 'node:timers/promises'
import { parseDuration } from '../../core/spec/duration.js'
import type { RateLimit } from './config.js'

/** When requests may begin: shared by all that name it alike, in this process. */
export interface Pace {
  /** Until it is the turn of whoever asks. Rejects once the signal is aborted. */
  turn(signal: AbortSignal): Promise<void>
  /** The server wants to be left alone for so long. */
  hold(ms: number): void
}

const paces = new Map<string, Pace>()

export function paceOf(name: string, limit: RateLimit | undefined, nowMs: () => number = Date.now): Pace {
  const key = JSON.stringify([name, limit ?? null])
  const present = paces.get(key)
  if (present) return present
  const made = openPace(limit, nowMs)
  paces.set(key, made)
  return made
}

/** In no stretch of `per`, wherever it begins, do more than so many requests begin. Whoever asks first is first. */
export function openPace(limit: RateLimit | undefined, nowMs: () => number): Pace {
  const { requests, perMs } = limitOf(limit)
  /** Of the last so many, in a ring. */
  const starts: number[] = []
  let oldest = 0
  let heldUntil = 0
  let queue: Promise<unknown> = Promise.resolve()

  const begin = async (signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted()
      const leftMs = Math.max(heldUntil, (starts[oldest] ?? 0) + perMs) - nowMs()
      if (leftMs <= 0) break
      await sleep(Math.min(Math.ceil(leftMs), longestSleep), undefined, { signal })
    }
    if (requests === 0) return
    starts[oldest] = nowMs()
    oldest = (oldest + 1) % requests
  }
  return {
    async turn(signal) {
      const mine = queue.then(() => begin(signal))
      queue = mine.catch(() => undefined)
      await unlessAborted(mine, signal)
    },
    hold(ms) {
      heldUntil = Math.max(heldUntil, nowMs() + ms)
    },
  }
}

/** Those who wait before it need not end their waiting first. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let leave: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

const longestSleep = 2 ** 31 - 1

/** 0 requests: there is no limit. Less than one a second is one in so long. */
function limitOf(limit: RateLimit | undefined): { readonly requests: number; readonly perMs: number } {
  if (limit === undefined) return { requests: 0, perMs: 0 }
  if (typeof limit === 'object') return { requests: limit.requests, perMs: parseDuration(limit.per) ?? 1000 }
  const requests = Math.max(1, Math.floor(limit))
  return { requests, perMs: (requests / limit) * 1000 }
}
