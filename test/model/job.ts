/** The job that the model runs, and what its target must hold in the end, whatever happened on the way. */
import type { JobGraph } from '../../core/graph/job-graph.js'
import type { JobSettings } from '../../core/spec/settings.js'
import { aNode, anEdge } from '../support/a-node.js'

export interface Shape {
  readonly type: 'BATCH' | 'STREAMING'
  readonly records: number
  readonly sources: number
  readonly counters: number
  /** A side input, read to its end in a phase of its own. */
  readonly side: boolean
  /** How far an epoch goes is known only when it has been read. */
  readonly blind: boolean
  /** Records differ each time they are read: they have to be captured. */
  readonly volatile: boolean
  /** Some records are bad, and become dead letters. */
  readonly bad: boolean
  /** What is written becomes visible only when the job ends. */
  readonly atEnd: boolean
  readonly retained: number
  readonly graceMs: number
  readonly maxRestarts: number
}

/** What no activity may hand to a workflow: every record holds it (I6). */
export const recordMark = '§'

export interface Item {
  readonly n: number
  readonly key: number
  readonly reading: string
}

/** How often its key had come, this time included, and how many records the side input has. */
export interface Counted extends Item {
  readonly nth: number
  readonly side: number
}

export const sideRecords = 5
export const item = (n: number): Omit<Item, 'reading'> => ({ n, key: (n * 7) % 5 })
export const isBad = (shape: Shape, { n }: { readonly n: number }) => shape.bad && n % 7 === 3

/** Of the keyed state after the first `position` records. */
export function countsAt(shape: Shape, position: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (let n = 0; n < position; n += 1) {
    if (isBad(shape, { n })) continue
    const { key } = item(n)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** What the keyed sink gets from the records in [from, to). */
export function countedBetween(shape: Shape, from: number, to: number): Omit<Counted, 'reading'>[] {
  const counts = new Map(countsAt(shape, from))
  const counted: Omit<Counted, 'reading'>[] = []
  for (let n = from; n < to; n += 1) {
    if (isBad(shape, { n })) continue
    const { key } = item(n)
    const nth = (counts.get(key) ?? 0) + 1
    counts.set(key, nth)
    counted.push({ ...item(n), nth, side: shape.side ? sideRecords : 0 })
  }
  return counted
}

/** src → raw, and by key → cnt → out; side fills a port of cnt before. Versions differ in how many read. */
export function graphOf(shape: Shape, version: number): JobGraph {
  const { counters, side } = shape
  const sources = ((shape.sources + version - 2) % 3) + 1
  const main = ['src', 'raw', 'cnt', 'out']
  const filled = anEdge('side', 'cnt', { port: 'side', edgeType: 'BROADCAST', blocking: true })
  const byKey = anEdge('src', 'cnt', { edgeType: 'SHUFFLE', partitionStrategy: 'HASH', key: ['key'] })
  const nodes = [
    ...(side ? [aNode('side', { nodeType: 'SOURCE', kind: 'side' })] : []),
    aNode('src', { nodeType: 'SOURCE', kind: 'model', parallelism: sources }),
    aNode('raw', { nodeType: 'SINK', kind: 'model', parallelism: sources }),
    aNode('cnt', { kind: 'COUNT', parallelism: counters }),
    aNode('out', { nodeType: 'SINK', kind: 'model', parallelism: counters }),
  ]
  const crossing = [byKey, ...(side ? [filled] : [])]
  return {
    stream: { nodes, edges: [...crossing, anEdge('src', 'raw'), anEdge('cnt', 'out')] },
    vertices: [
      ...(side ? [{ id: 'side', name: 'side', chain: ['side'], parallelism: 1 }] : []),
      { id: 'src', name: 'src→raw', chain: ['src', 'raw'], parallelism: sources },
      { id: 'cnt', name: 'cnt→out', chain: ['cnt', 'out'], parallelism: counters },
    ],
    edges: crossing.map((edge) => ({ streamEdgeId: edge.id, from: edge.from, to: edge.to })),
    phases: [
      ...(side ? [{ number: 1, nodes: ['side'], stages: [['side']], fills: [filled.id] }] : []),
      { number: side ? 2 : 1, nodes: main, stages: [['src'], ['cnt']], fills: [] },
    ],
    maxParallelism: 128,
    notChained: [],
  }
}

export function settingsOf({ type, bad, retained, maxRestarts }: Shape): JobSettings {
  return {
    name: 'model',
    type,
    tags: [],
    parallelism: 1,
    maxParallelism: 128,
    delivery: 'EXACTLY_ONCE',
    positions: 'FRESH',
    checkpoint: { intervalMs: 1_000, timeoutMs: 600_000, retained, tolerableFailures: 1 },
    restart: { strategy: 'FIXED_DELAY', maxRestarts, delayMs: 1_000 },
    onBadRecord: { action: bad ? 'DEAD_LETTER' : 'FAIL', max: null, maxRatio: null },
    timeoutMs: null,
    maxConcurrentRuns: 100,
    overlap: 'WAIT',
    priority: 0,
    retry: null,
    slaMs: null,
    parameters: {},
  }
}
