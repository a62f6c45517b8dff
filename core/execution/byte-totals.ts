/** What went in from outside and out to it, in bytes: as far as connectors know (SourceBatch, OpenSink). */
import type { JobGraph } from '../graph/job-graph.js'
import type { OperatorCounters } from '../record/counters.js'

export interface ByteTotals {
  readonly read: number
  readonly written: number
}

export const noBytes: ByteTotals = { read: 0, written: 0 }

/** Sources have read, sinks have written. */
export function bytesOf({ stream }: Pick<JobGraph, 'stream'>, counters: OperatorCounters): ByteTotals {
  const of = (nodeType: 'SOURCE' | 'SINK') =>
    stream.nodes
      .filter((node) => node.nodeType === nodeType)
      .reduce((bytes, { id }) => bytes + (counters[id]?.bytes ?? 0), 0)
  return { read: of('SOURCE'), written: of('SINK') }
}

export function addBytes(a: ByteTotals, b: ByteTotals): ByteTotals {
  return { read: a.read + b.read, written: a.written + b.written }
}
