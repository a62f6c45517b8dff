/** I8: every record is accounted for, in every operator and on every edge, per epoch. */
import type { JobGraph, Phase } from '../graph/job-graph.js'
import type { StreamEdge } from '../graph/stream-graph.js'
import { type Counters, noRecords } from '../record/counters.js'

/** One sentence for each sum that does not come out; none when all do. */
export function findMismatches(
  graph: JobGraph,
  phase: Phase,
  counters: Readonly<Record<string, Counters>>,
): readonly string[] {
  const active = new Set(phase.nodes)
  const fills = new Set(phase.fills)
  const mismatches: string[] = []
  for (const node of graph.stream.nodes) {
    const counted = counters[node.id]
    if (counted === undefined) continue
    const accounted = counted.passed + counted.filtered + counted.failed + counted.absorbed
    if (node.nodeType !== 'SOURCE' && counted.in !== accounted)
      mismatches.push(`${node.id} took ${counted.in} records and accounts for ${accounted}.`)
    const incoming = graph.stream.edges.filter(
      (edge) =>
        edge.to === node.id && active.has(edge.from) && (edge.blocking ? fills.has(edge.id) : active.has(edge.to)),
    )
    if (incoming.length === 0) continue
    const sentOn = ({ from, output }: StreamEdge) => (counters[from] ?? noRecords)[output === 'main' ? 'out' : 'late']
    const sent = incoming.reduce((sum, edge) => sum + sentOn(edge), 0)
    if (sent !== counted.in) mismatches.push(`${sent} records were sent to ${node.id}, which took ${counted.in}.`)
  }
  return mismatches
}
