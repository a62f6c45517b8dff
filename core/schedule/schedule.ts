/** When a job runs by itself: the `schedule` of its spec with defaults filled in. */
export interface Schedule {
  readonly type: 'IMMEDIATE' | 'CRON' | 'DEPENDENCY' | 'EVENT'
  readonly isEnabled: boolean
  /** null: not CRON. */
  readonly cron: string | null
  readonly timezone: string
  readonly catchUp: CatchUp
  readonly jitterMs: number
  /** Times before it, and after the end, are none; ISO 8601. */
  readonly startAt: string | null
  readonly endAt: string | null
  /** null: not DEPENDENCY. */
  readonly dependency: Dependency | null
  /** null: not EVENT. */
  readonly event: { readonly type: string; readonly where: string | null } | null
  /** As they were written: `${logicalTime}` and `${event.…}` may stand in them. */
  readonly parameters: Readonly<Record<string, string>>
}

export interface CatchUp {
  readonly mode: 'NONE' | 'LAST' | 'ALL'
  /** Of ALL: the newest of the missed times; null: no limit of its own. */
  readonly max: number | null
}

export interface Dependency {
  /** Names of the jobs that it waits for. */
  readonly on: readonly string[]
  readonly require: 'ALL' | 'ANY'
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'ANY'
  readonly withinMs: number | null
}
