/** How long epochs take by the number of their records: a line through the last ones, the newest counting most. */

/** Weighted sums of records (x) and milliseconds (y). */
export interface EpochTimes {
  readonly n: number
  readonly x: number
  readonly y: number
  readonly xx: number
  readonly xy: number
  readonly yy: number
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
/** A slope is believed that is so many times as large as its standard error: below, chance may have made it. */
const tellingSlope = 1.5

export function withEpoch(times: EpochTimes | undefined, records: number, durationMs: number): EpochTimes {
  // An earlier release kept fewer sums.
  const { n, x, y, xx, xy, yy } = times?.yy === undefined ? nothing : times
  return {
    n: n * fades + 1,
    x: x * fades + records,
    y: y * fades + durationMs,
    xx: xx * fades + records * records,
    xy: xy * fades + records * durationMs,
    yy: yy * fades + durationMs * durationMs,
  }
}

const nothing: EpochTimes = { n: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0 }

/** null: they are too few, too much alike, or lie too far from any line that rises. */
export function lineThrough(times: EpochTimes | undefined): Line | null {
  if (times?.yy === undefined || times.n < 1 + fades) return null
  const [records, ms] = [times.x / times.n, times.y / times.n]
  const variance = times.xx / times.n - records * records
  if (variance <= (tellingSpread * records) ** 2) return null
  const slope = (times.xy / times.n - records * ms) / variance
  const beside = Math.max(0, times.yy / times.n - ms * ms - slope * slope * variance)
  // Epochs that have faded count for less: so many are worth as much as these. Two of them the line itself takes.
  const free = Math.max(1, (times.n * (1 + fades)) / 2 - 2)
  if (slope < tellingSlope * Math.sqrt(beside / variance / free)) return null
  const overheadMs = Math.max(0, ms - slope * records)
  return { overheadMs, perRecordMs: overheadMs === 0 ? ms / Math.max(1, records) : slope }
}
