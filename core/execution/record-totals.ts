/** Records of an execution as reports name them (SURFACES section 3). */
import type { JobGraph } from '../graph/job-graph.js'
import type { Counters } from '../record/counters.js'

export interface RecordTotals {
  readonly read: number
  readonly sideRead: number
  readonly processed: number
  readonly written: number
  readonly filtered: number
  readonly failed: number
  readonly late: number
}

export const noTotals: RecordTotals = {
  read: 0,
  sideRead: 0,
  processed: 0,
  written: 0,
  filtered: 0,
  failed: 0,
  late: 0,
}

/**
 * The records of one epoch. Those of a phase before the last are side input: `sideRead`, and nothing else but failures,
 * so that read = written + filtered + failed holds where nothing aggregates or fans out (I8).
 */
export function totalsOfEpoch(
  graph: JobGraph,
  phase: number,
  counters: Readonly<Record<string, Counters>>,
): RecordTotals {
  const isMain = phase === Math.max(...graph.phases.map((candidate) => candidate.number))
  const feedsOperator = new Set(
    graph.stream.edges
      .filter((edge) => graph.stream.nodes.some((node) => node.id === edge.to && node.nodeType === 'OPERATOR'))
      .map((edge) => edge.from),
  )
  let totals = noTotals
  for (const node of graph.stream.nodes) {
    const counted = counters[node.id]
    if (counted === undefined) continue
    const read = node.nodeType === 'SOURCE' ? counted.out + counted.failed : 0
    totals = addTotals(totals, {
      read: isMain ? read : 0,
      sideRead: isMain ? 0 : read,
      processed: isMain && node.nodeType === 'SOURCE' && feedsOperator.has(node.id) ? counted.out : 0,
      written: node.nodeType === 'SINK' ? counted.passed : 0,
      filtered: isMain ? counted.filtered : 0,
      failed: counted.failed,
      late: counted.late,
    })
  }
  return totals
}

export function addTotals(a: RecordTotals, b: RecordTotals): RecordTotals {
  return {
    read: a.read + b.read,
    sideRead: a.sideRead + b.sideRead,
    processed: a.processed + b.processed,
    written: a.written + b.written,
    filtered: a.filtered + b.filtered,
    failed: a.failed + b.failed,
    late: a.late + b.late,
  }
}
