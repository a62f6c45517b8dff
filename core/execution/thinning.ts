/**
 * What each epoch leaves for people (its checkpoint's row, a line of the timeline, its metrics) is thinned out with age, so
 * that a job of a year has not many more of them than one of a day. What they count stands in the execution itself.
 */
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface Thinning {
  /** What is older than this… */
  readonly afterMs: number
  /** …is kept once in so long. */
  readonly everyMs: number
}

/** Younger ones are all kept. */
export const THINNING: readonly [Thinning, ...Thinning[]] = [
  { afterMs: HOUR, everyMs: MINUTE },
  { afterMs: DAY, everyMs: HOUR },
  { afterMs: 30 * DAY, everyMs: DAY },
]

export interface Dated {
  readonly atMs: number
}

/** Oldest first. Those that go: of each stretch of time the newest is kept. */
export function thinOut<T extends Dated>(rows: readonly T[], nowMs: number): readonly T[] {
  const stretches = rows.map((row) => stretchOf(row, nowMs))
  return rows.filter((_, at) => stretches[at] !== null && stretches[at + 1] === stretches[at])
}

/** Told apart by number; null: too young to be one of a stretch. */
function stretchOf({ atMs }: Dated, nowMs: number): number | null {
  const at = THINNING.findLastIndex(({ afterMs }) => nowMs - atMs > afterMs)
  const step = THINNING[at]
  return step === undefined ? null : Math.floor(atMs / step.everyMs) * THINNING.length + at
}
