import type { RestartConfig } from '../restart/strategy.js'

/** A job's settings with defaults filled in and durations in milliseconds: what runs, beside the graph. */
/** Key groups of a job that says nothing else. */
export const defaultMaxParallelism = 128

export interface JobSettings {
  readonly name: string
  readonly type: 'BATCH' | 'STREAMING'
  readonly tags: readonly string[]
  readonly parallelism: number
  readonly maxParallelism: number
  readonly delivery: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE'
  readonly positions: 'FRESH' | 'CONTINUE'
  readonly checkpoint: {
    readonly intervalMs: number
    readonly timeoutMs: number
    /** null: as the system setting `checkpoint.retained` says. */
    readonly retained: number | null
    readonly tolerableFailures: number
  }
  readonly restart: RestartConfig
  readonly onBadRecord: {
    readonly action: 'FAIL' | 'SKIP' | 'DEAD_LETTER'
    readonly max: number | null
    readonly maxRatio: number | null
  }
  readonly timeoutMs: number | null
  readonly maxConcurrentRuns: number
  readonly overlap: 'WAIT' | 'SKIP' | 'CANCEL_RUNNING'
  readonly priority: number
  readonly retry: { readonly max: number; readonly delayMs: number } | null
  readonly slaMs: number | null
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>
}

export type ParameterType = 'STRING' | 'INT' | 'DECIMAL' | 'BOOLEAN' | 'DATE' | 'TIMESTAMP'

export interface ParameterDeclaration {
  readonly type: ParameterType
  /** As text; null: must be given at start. */
  readonly default: string | null
  readonly description: string | null
}
