/** What whoever runs a job here wants of it: Ctrl-C, and an end once nothing has come for a while. */
import type { Savepoint, Wishes } from '../../core/execution/control.js'

export interface LocalWishes extends Wishes {
  /** The epoch that runs is finished, and nothing begins after it. */
  stop(): void
  isStopping(): boolean
  /** Of waiting that has been broken off. */
  readonly waiting: AbortSignal
  /** A source has given something. */
  hadInput(): void
}

/** `untilIdleMs`: so long without input, and the sources end; null: never. */
export function localWishes(untilIdleMs: number | null, nowMs: () => number = Date.now): LocalWishes {
  let isStopping = false
  let lastInputMs = nowMs()
  let waiting = new AbortController()
  let interrupt: () => void = () => undefined
  const leftMs = () => (untilIdleMs === null ? Number.POSITIVE_INFINITY : lastInputMs + untilIdleMs - nowMs())
  const savepoint = (): Savepoint => (isStopping ? 'stop' : leftMs() <= 0 ? 'drain' : 'none')
  return {
    stop: () => {
      isStopping = true
      interrupt()
    },
    isStopping: () => isStopping,
    get waiting() {
      return waiting.signal
    },
    hadInput: () => {
      lastInputMs = nowMs()
    },
    isToPause: () => false,
    savepoint,
    isNow: () => false,
    whoPauses: () => null,
    whoSaves: () => null,
    unless: async (isMet, work) => {
      if (isMet()) return
      const at = new AbortController()
      waiting = at
      interrupt = () => {
        if (isMet()) at.abort()
      }
      const timer = leftMs() < LONGEST_MS ? setTimeout(interrupt, leftMs() + 1) : undefined
      try {
        await work()
      } catch (error) {
        if (!at.signal.aborted) throw error
      } finally {
        clearTimeout(timer)
        waiting = new AbortController()
        interrupt = () => undefined
      }
    },
    whilePaused: async () => undefined,
    nowPaused: () => undefined,
    nowSaved: () => undefined,
  }
}

/** Of a timer. */
const LONGEST_MS = 2 ** 31 - 1
