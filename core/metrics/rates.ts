/** Rates of points that tell what has been counted by then. */
const RATED = ['read', 'processed', 'written', 'bytesRead', 'bytesWritten'] as const

/** Records and bytes per second. */
export type Rates = { readonly [what in (typeof RATED)[number]]: number }

export interface CountedPoint {
  /** The newest row of the stretch that a point stands for. */
  readonly atMs: number
  readonly totals: Rates
}

/**
 * From the point before to this one, gaps included; of the first, from `before`: the row ahead of the range, or the beginning.
 * Work is counted in bursts, when a batch or an epoch is done, so what a single row covers says nothing of its stretch. Rates
 * times the time from point to point add up to what was counted. What counts back (an epoch that is run again) is no rate
 * below 0.
 */
export function ratesOf(points: readonly CountedPoint[], before: CountedPoint): readonly Rates[] {
  return points.map((point, index) => {
    const last = points[index - 1] ?? before
    const ms = point.atMs - last.atMs
    return eachRate((what) =>
      ms <= 0 ? 0 : Math.round((Math.max(0, point.totals[what] - last.totals[what]) * 1_000_000) / ms) / 1000,
    )
  })
}

export function eachRate(rate: (what: keyof Rates) => number): Rates {
  return Object.fromEntries(RATED.map((what) => [what, rate(what)])) as Rates
}
