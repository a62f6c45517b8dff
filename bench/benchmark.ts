/** What a benchmark is: the same work done by us and by the raw limit of the machine, one after the other, in pairs. */
import type { Rig } from './rig.js'

export interface Benchmark {
  readonly name: string
  /** One sentence each, for the table of results. */
  readonly ours: string
  readonly raw: string
  readonly rounds: number
  /** Run only when it is named. */
  readonly onlyByName?: boolean
  prepare(rig: Rig): Promise<Contest>
  judge(pairs: readonly Pair[]): readonly Figure[]
}

export interface Contest {
  ours(): Promise<Sample>
  raw(): Promise<Sample>
  /** Throws unless both have done the same; after the first round. */
  compare?(): Promise<void>
}

export interface Sample {
  readonly ms: number
  /** Of all processes taking part; null where the machine does not tell. */
  readonly cpuMs?: number | null
  readonly peakBytes?: number | null
  /** What else was measured, by name. */
  readonly facts?: Readonly<Record<string, number>>
}

export interface Pair {
  readonly ours: Sample
  readonly raw: Sample
}

/** One line of the table. `ok` is null where nothing could be measured, or nothing is aimed at. */
export interface Figure {
  readonly what: string
  readonly unit: 's' | 'ms' | 'MiB' | '%' | '/s'
  readonly ours: number | null
  readonly raw: number | null
  readonly ratio: number | null
  readonly target: string | null
  readonly ok: boolean | null
}

export async function measure(benchmark: Benchmark, rig: Rig): Promise<readonly Pair[]> {
  const { ours, raw, compare } = await benchmark.prepare(rig)
  const pairs: Pair[] = []
  for (let round = 0; round < benchmark.rounds; round += 1) {
    pairs.push({ ours: await ours(), raw: await raw() })
    if (round === 0) await compare?.()
  }
  return pairs
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
