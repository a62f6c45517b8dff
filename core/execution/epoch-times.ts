/** How long epochs take by the number of their records: a line through the last ones, the newest counting most. */

/** Weighted sums of records (x) and milliseconds (y). */
export interface EpochTimes {
  readonly n: number
  readonly x: number
  readonly y: number
  readonly xx: number
  readonly xy: number
}

export interface Line {
  /** What an epoch takes however little it reads. */
  readonly overheadMs: number
  readonly perRecordMs: number
}

/** What an epoch weighs when another one has followed it. */
const fades = 0.8
/** Sizes that differ by less, relative to their mean, tell nothing. */
const tellingSpread = 0.1

export function withEpoch(times: EpochTimes | undefined, records: number, durationMs: number): EpochTimes {
  const { n, x, y, xx, xy } = times ?? { n: 0, x: 0, y: 0, xx: 0, xy: 0 }
  return {
    n: n * fades + 1,
    x: x * fades + records,
    y: y * fades + durationMs,
    xx: xx * fades + records * records,
    xy: xy * fades + records * durationMs,
  }
}

/** null: they are too few, or too much alike. */
export function lineThrough(times: EpochTimes | undefined): Line | null {
  if (times === undefined || times.n < 1 + fades) return null
  const [records, ms] = [times.x / times.n, times.y / times.n]
  const variance = times.xx / times.n - records * records
  if (variance <= (tellingSpread * records) ** 2) return null
  const slope = Math.max(0, (times.xy / times.n - records * ms) / variance)
  const overheadMs = Math.max(0, ms - slope * records)
  return { overheadMs, perRecordMs: overheadMs === 0 ? ms / Math.max(1, records) : slope }
}
