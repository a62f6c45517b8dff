/** A small job as the stores take it: flights → delayed → warehouse, with airports as a side input. */

import type { JobGraph } from '../../core/graph/job-graph.js'
import type { StreamEdge, StreamNode } from '../../core/graph/stream-graph.js'
import type { Counters } from '../../core/record/counters.js'
import { noRecords } from '../../core/record/counters.js'
import type { JobSettings } from '../../core/spec/settings.js'
import type { JobDefinition } from '../../models/stores/job-store.js'

export function sampleJob(change: Partial<JobSettings> = {}): JobDefinition {
  const settings: JobSettings = { ...SETTINGS, ...change }
  // Keys out of alphabetical order, as people write them: they must come back in this order.
  const spec = {
    name: settings.name,
    type: settings.type,
    nodes: [{ id: 'flights', source: 'file', config: { path: 'f.csv', a: 1 } }],
  }
  return { spec, description: 'Flights that were late', settings, graph: GRAPH, savedBy: 'admin' }
}

export function counted(read: number, kept: number): Readonly<Record<string, Counters>> {
  return {
    flights: { ...noRecords, out: read, passed: read },
    delayed: { ...noRecords, in: read, out: kept, passed: kept, filtered: read - kept, processingMs: 5 },
    warehouse: { ...noRecords, in: kept, out: kept, passed: kept },
  }
}

const SETTINGS: JobSettings = {
  name: 'delayed-flights',
  type: 'BATCH',
  tags: ['demo'],
  parallelism: 1,
  maxParallelism: 128,
  delivery: 'EXACTLY_ONCE',
  positions: 'FRESH',
  checkpoint: { intervalMs: 30_000, timeoutMs: 600_000, retained: 3, tolerableFailures: 0 },
  restart: { strategy: 'FIXED_DELAY', maxRestarts: 3, delayMs: 10_000 },
  onBadRecord: { action: 'DEAD_LETTER', max: null, maxRatio: null },
  timeoutMs: null,
  maxConcurrentRuns: 1,
  overlap: 'WAIT',
  priority: 0,
  retry: null,
  slaMs: null,
  parameters: {},
}

function node(id: string, nodeType: StreamNode['nodeType'], kind: string): StreamNode {
  const schema = [{ name: 'delay', type: 'BIGINT' }]
  return {
    id,
    name: id,
    description: null,
    nodeType,
    kind,
    config: { z: 1, a: 2 },
    parallelism: 1,
    chaining: 'ALWAYS',
    watermark: null,
    schema,
  }
}

function edge(from: string, to: string, blocking: boolean): StreamEdge {
  return {
    id: `${from}>${to}.input`,
    from,
    output: 'main',
    to,
    port: blocking ? 'right' : 'input',
    edgeType: blocking ? 'BROADCAST' : 'FORWARD',
    partitionStrategy: null,
    key: [],
    expression: null,
    blocking,
  }
}

const GRAPH: JobGraph = {
  stream: {
    nodes: [
      node('flights', 'SOURCE', 'file'),
      node('airports', 'SOURCE', 'file'),
      node('delayed', 'OPERATOR', 'JOIN'),
      node('warehouse', 'SINK', 'jdbc'),
    ],
    edges: [edge('flights', 'delayed', false), edge('airports', 'delayed', true), edge('delayed', 'warehouse', false)],
  },
  vertices: [
    { id: 'flights', name: 'flights→delayed→warehouse', chain: ['flights', 'delayed', 'warehouse'], parallelism: 1 },
    { id: 'airports', name: 'airports', chain: ['airports'], parallelism: 1 },
  ],
  edges: [{ streamEdgeId: 'airports>delayed.input', from: 'airports', to: 'flights' }],
  phases: [
    { number: 1, nodes: ['airports'], stages: [['airports']], fills: ['airports>delayed.input'] },
    { number: 2, nodes: ['flights', 'delayed', 'warehouse'], stages: [['flights']], fills: [] },
  ],
  maxParallelism: 128,
  notChained: [{ edgeId: 'airports>delayed.input', rule: 'NOT_FORWARD', reason: 'It is a BROADCAST edge.' }],
}

/** A key, and no schemas: secrets are known by the names of their fields. */
export const jobSecrets = { secretKey: Buffer.alloc(32, 5).toString('base64'), schemas: () => null }
