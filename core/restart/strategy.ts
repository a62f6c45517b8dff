/** What a job says about restarts, parsed. */
export type RestartConfig =
  | { readonly strategy: 'NONE' }
  | { readonly strategy: 'FIXED_DELAY'; readonly maxRestarts: number | 'UNLIMITED'; readonly delayMs: number }
  | {
      readonly strategy: 'EXPONENTIAL_BACKOFF'
      readonly initialDelayMs: number
      readonly maxDelayMs: number
      readonly multiplier: number
      /** Share of the delay, 0 to 1. */
      readonly jitter: number
      readonly resetAfterMs: number
      readonly maxRestarts: number | 'UNLIMITED'
    }
  | {
      readonly strategy: 'FAILURE_RATE'
      readonly maxFailures: number
      readonly intervalMs: number
      readonly delayMs: number
    }

/** What a strategy remembers between failures: plain JSON, kept with the execution. */
export interface RestartMemory {
  readonly restarts: number
  /** EXPONENTIAL_BACKOFF: when the last restart was due. */
  readonly nextRestartAtMs: number | null
  readonly backoffAttempt: number
  /** FAILURE_RATE: when the latest failures happened, oldest first. */
  readonly failuresAtMs: readonly number[]
}

export const noFailures: RestartMemory = { restarts: 0, nextRestartAtMs: null, backoffAttempt: 0, failuresAtMs: [] }

export interface Evaluation {
  readonly decision: 'RESTART' | 'FAIL'
  readonly delayMs: number
  readonly reason: string
  readonly memory: RestartMemory
}
