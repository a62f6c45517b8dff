/**
 * Samples what runs in this worker, and stores each sample by one batch. Nothing waits for it: while the catalogue is away
 * samples are kept, at most MOST of them, and beyond that the oldest are dropped.
 */
import { reportError } from '../core/errors/job-error.js'
import { defaultLimits } from '../core/execution/limits.js'
import type { Board } from '../core/metrics/board.js'
import type { Sample } from '../core/metrics/sample.js'
import type { ProcessUsage } from '../models/stores/journal/process-usage.js'
import type { MetricStore } from '../models/stores/metric-store.js'

export interface Sampling {
  readonly workerId: string
  readonly board: Board
  readonly metrics: Pick<MetricStore, 'write'>
  /** 0: none are taken. Throws while it cannot be asked: then it is as it was. */
  readonly intervalMs: () => Promise<number>
  readonly usage: () => ProcessUsage
  readonly warn: (details: object, message: string) => void
  /** How many wait at most while they cannot be stored. Absent: MOST. */
  readonly most?: number
  /** Told of each sample, and of those that are given up. */
  readonly taken?: (sample: Sample) => void
  readonly dropped?: (samples: number) => void
}

export interface Sampler {
  /** Takes a last sample, and gives it a moment to be stored. */
  stop(): Promise<void>
}

/** Twenty minutes of them where the interval is ten seconds. */
const MOST = 120

/** How soon a changed interval is seen. */
const LOOK_MS = 5000
const STOP_MS = 2000

export function keepSampling(sampling: Sampling): Sampler {
  const outbox = openOutbox(sampling)
  let everyMs = defaultLimits.metricsIntervalMs
  let isAsking = false
  let lastMs = performance.now()
  let timer: NodeJS.Timeout | undefined
  // A catalogue that does not answer holds up no sample.
  const ask = async () => {
    isAsking = true
    everyMs = await sampling.intervalMs().catch(() => everyMs)
    isAsking = false
  }
  const look = () => {
    if (!isAsking) void ask()
    const nowMs = performance.now()
    // A timer may fire a little early.
    if (nowMs - lastMs >= everyMs - 1) {
      lastMs = Math.max(lastMs + everyMs, nowMs - everyMs)
      // Where none are wanted what was done meanwhile is nobody's: it must not stand in the first sample afterwards.
      take(sampling, everyMs === 0 ? null : outbox)
    }
    timer = setTimeout(look, Math.max(1, Math.min(LOOK_MS, everyMs === 0 ? LOOK_MS : lastMs + everyMs - nowMs))).unref()
  }
  timer = setTimeout(look, 0).unref()
  return {
    stop: async () => {
      clearTimeout(timer)
      if (everyMs > 0) take(sampling, outbox)
      await Promise.race([outbox.idle(), new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())])
    },
  }
}

interface Outbox {
  add(executions: Sample['executions']): void
  idle(): Promise<void>
}

function take({ board }: Sampling, outbox: Outbox | null): void {
  const executions = board.sample(performance.now())
  outbox?.add(executions)
}

function openOutbox({ workerId, metrics, usage, warn, taken, dropped, most = MOST }: Sampling): Outbox {
  const waiting: Sample[] = []
  let sending: Promise<void> | null = null
  let lastMs = 0
  const send = async () => {
    try {
      for (let [sample] = waiting; sample !== undefined; [sample] = waiting) {
        await metrics.write(sample)
        waiting.shift()
      }
    } catch (error) {
      const { code } = reportError(error)
      warn({ code, waiting: waiting.length }, 'samples could not be stored; they are kept for the next time')
    } finally {
      sending = null
    }
  }
  return {
    add(executions) {
      const used = usage()
      if (executions.length > 0) {
        // It tells samples apart, also when the wall clock is set back.
        lastMs = Math.max(Date.now(), lastMs + 1)
        const sample = { workerId, at: new Date(lastMs), ...used, executions }
        taken?.(sample)
        waiting.push(sample)
        if (waiting.length > most) {
          // The one that is on its way may be there already.
          waiting.splice(sending === null ? 0 : 1, 1)
          dropped?.(1)
        }
      }
      if (waiting.length > 0) sending ??= send()
    },
    idle: async () => void (await sending),
  }
}
