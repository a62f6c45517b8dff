/** What the house is kept by: system settings, read at the begin of every task. Ages in days unless said otherwise. */
export const ARCHIVES = ['NONE', 'TABLE', 'PARQUET'] as const
export type Archive = (typeof ARCHIVES)[number]

export interface HousePolicy {
  readonly archive: Archive
  readonly monthsAhead: number
  readonly metricsDays: number
  readonly operationLogDays: number
  readonly executionsDays: number
  readonly checkpointsDays: number
  readonly alertsDays: number
  readonly executionEventsDays: number
  readonly triggerEventsDays: number
  readonly deadLettersDays: number
  readonly workersDays: number
  readonly runsDays: number
  /** Rows that one transaction removes. */
  readonly batchRows: number
  readonly orphanGraceHours: number
  readonly optimizeLeastMb: number
  readonly optimizeLeastPercent: number
  readonly leastFreeDiskPercent: number
  /** 0: none. */
  readonly mostDatabaseMb: number
  readonly mostSlowQueriesPerHour: number
}

export const DAY_MS = 86_400_000

export const daysBefore = (nowMs: number, days: number): Date => new Date(nowMs - days * DAY_MS)

/** Rewriting a table costs: only where much of it is empty, and that is much. */
export function isWorthOptimizing(
  { dataBytes, freeBytes }: { readonly dataBytes: number; readonly freeBytes: number },
  { optimizeLeastMb, optimizeLeastPercent }: HousePolicy,
): boolean {
  const share = freeBytes / Math.max(1, dataBytes + freeBytes)
  return freeBytes >= optimizeLeastMb * 1024 ** 2 && share * 100 >= optimizeLeastPercent
}
