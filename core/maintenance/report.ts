/** What keeping house does, in this order, and what each part of it reports. */
export const MAINTENANCE_TASKS = [
  'partitions',
  'retention',
  'files',
  'optimize',
  'reconcile',
  'watch',
  'backup',
] as const

export type MaintenanceTask = (typeof MAINTENANCE_TASKS)[number]

export interface MaintenanceWish {
  /** null: all. */
  readonly only: readonly MaintenanceTask[] | null
  /** Only says what would be done. */
  readonly dryRun: boolean
}

/** One line of a report: `partitions dropped: 3`, with what they are called. */
export interface Done {
  readonly what: string
  readonly count: number
  readonly names?: readonly string[]
}

export interface Findings {
  readonly done: readonly Done[]
  /** For people to look at: nothing was changed for them. */
  readonly warnings: readonly string[]
}

export interface TaskReport extends Findings {
  readonly task: MaintenanceTask
  readonly status: 'DONE' | 'FAILED'
  readonly durationMs: number
  readonly error: string | null
}

export type RunStatus = 'RUNNING' | 'COMPLETED' | 'FAILED'

/** A run is kept, and crosses Temporal: long lists are cut (I6). */
const MOST_NAMES = 20
const MOST_WARNINGS = 50

export function shortened({ done, warnings }: Findings): Findings {
  return {
    done: done.map((one) => (one.names === undefined ? one : { ...one, names: cut(one.names, MOST_NAMES) })),
    warnings: cut(warnings, MOST_WARNINGS),
  }
}

function cut(texts: readonly string[], most: number): readonly string[] {
  const short = texts.slice(0, most).map((text) => (text.length > 300 ? `${text.slice(0, 299)}…` : text))
  return texts.length <= most ? short : [...short, `… and ${texts.length - most} more`]
}
