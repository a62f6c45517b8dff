/** Rates of points that tell what has been counted by then. */
const RATED = ['read', 'processed', 'written', 'bytesRead', 'bytesWritten'] as const

/** Records and bytes per second. */
export type Rates = { readonly [what in (typeof RATED)[number]]: number }

export interface CountedPoint {
  /** The newest row of the stretch that a point stands for. */
  readonly atMs: number
  readonly totals: Rates
  /** What its rows say themselves. */
  readonly own: Rates
}

/**
 * From the point before to this one; of the first, and after a gap, what its own rows say: a mean over hours of silence
 * would look like slow work. What counts back (an epoch that is run again) is no rate below 0.
 */
export function ratesOf(points: readonly CountedPoint[], mostApartMs: number): readonly Rates[] {
  return points.map((point, index) => {
    const before = points[index - 1]
    if (before === undefined || point.atMs - before.atMs > mostApartMs || point.atMs <= before.atMs) return point.own
    return eachRate(
      (what) =>
        Math.round((Math.max(0, point.totals[what] - before.totals[what]) * 1_000_000) / (point.atMs - before.atMs)) /
        1000,
    )
  })
}

export function eachRate(rate: (what: keyof Rates) => number): Rates {
  return Object.fromEntries(RATED.map((what) => [what, rate(what)])) as Rates
}
