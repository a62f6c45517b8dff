/** Figures of pairs: medians side by side, and the ratio judged pair by pair, so that a slow minute hits both sides. */
import { type Figure, median, type Pair, type Sample } from './benchmark.js'

interface Aim {
  readonly what: string
  readonly unit: Figure['unit']
  readonly of: (sample: Sample) => number | null | undefined
}

/** Ours is to take at most `factor` times what raw takes, and `plus` of the unit more. */
export function ratioFigure(
  pairs: readonly Pair[],
  aim: Aim & { readonly factor: number | null; readonly plus?: number },
): Figure {
  const known = pairs.map(({ ours, raw }) => ({ ours: aim.of(ours) ?? null, raw: aim.of(raw) ?? null }))
  const values = known.filter((pair): pair is { ours: number; raw: number } => pair.ours !== null && pair.raw !== null)
  const { what, unit, factor, plus = 0 } = aim
  const target = factor === null ? null : `<= ${factor} x${plus > 0 ? ` + ${plus} ${unit}` : ''}`
  if (values.length === 0) return { what, unit, ours: null, raw: null, ratio: null, target, ok: null }
  const over = median(values.map(({ ours, raw }) => ours - raw * (factor ?? 0)))
  return {
    what,
    unit,
    ours: median(values.map(({ ours }) => ours)),
    raw: median(values.map(({ raw }) => raw)),
    ratio: median(values.map(({ ours, raw }) => ours / raw)),
    target,
    ok: factor === null ? null : over <= plus,
  }
}

/** Ours is to stay below `below`, whatever raw takes; the worst round counts. */
export function boundFigure(pairs: readonly Pair[], aim: Aim & { readonly below: number }): Figure {
  const all = (side: keyof Pair) =>
    pairs.map((pair) => aim.of(pair[side])).filter((value): value is number => typeof value === 'number')
  const [ours, raw] = [all('ours'), all('raw')]
  const worst = ours.length === 0 ? null : Math.max(...ours)
  return {
    what: aim.what,
    unit: aim.unit,
    ours: worst,
    raw: raw.length === 0 ? null : median(raw),
    ratio: null,
    target: `< ${aim.below} ${aim.unit}`,
    ok: worst === null ? null : worst < aim.below,
  }
}

export const elapsed = { what: 'elapsed', unit: 's', of: (sample: Sample) => sample.ms / 1000 } as const
export const elapsedMs = { what: 'elapsed', unit: 'ms', of: (sample: Sample) => sample.ms } as const
export const cpu = {
  what: 'CPU, database included',
  unit: 's',
  of: (sample: Sample) => (sample.cpuMs == null ? null : sample.cpuMs / 1000),
} as const
export const memory = {
  what: 'peak memory of the worker',
  unit: 'MiB',
  of: (sample: Sample) => (sample.peakBytes == null ? null : sample.peakBytes / 2 ** 20),
} as const

/** What a benchmark has measured under a name of its own. */
export function fact(name: string) {
  return ({ facts }: Sample): number | null => {
    const value = facts?.[name]
    return value === undefined || Number.isNaN(value) ? null : value
  }
}
