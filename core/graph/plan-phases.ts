import { groupBy } from '../group-by.js'
import type { Phase } from './job-graph.js'
import { upstreamOf } from './order.js'
import type { StreamEdge, StreamGraph } from './stream-graph.js'

/**
 * Cuts the graph at its blocking ports: all that leads to such a port is a phase of its own, and all sinks run in the
 * last one. Phases come in the order of their producers, so whatever a phase needs has been filled before it.
 */
export function planPhases(
  stream: StreamGraph,
  order: readonly string[],
  headOf: ReadonlyMap<string, string>,
): Phase[] {
  const flowing = stream.edges.filter((edge) => !edge.blocking)
  const targets = targetsOf(stream)
  const needed = upstreamOf(targets, stream.edges)
  const fills = groupBy(
    stream.edges.filter((edge) => edge.blocking && needed.has(edge.to)),
    (edge) => edge.from,
  )
  const outline = (starts: readonly string[], filled: readonly StreamEdge[], number: number): Phase => {
    const active = upstreamOf(starts, flowing)
    const nodes = order.filter((id) => active.has(id))
    return { number, nodes, stages: stagesOf(nodes, flowing, headOf), fills: filled.map((edge) => edge.id) }
  }
  const filling = order.filter((id) => fills.has(id))
  return [
    ...filling.map((id, index) => outline([id], fills.get(id)!, index + 1)),
    outline(targets, [], filling.length + 1),
  ]
}

/** A graph without sinks (while it is being written) runs for the sake of its last nodes. */
function targetsOf(stream: StreamGraph): string[] {
  const sinks = stream.nodes.filter((node) => node.nodeType === 'SINK').map((node) => node.id)
  if (sinks.length > 0) return sinks
  const read = new Set(stream.edges.map((edge) => edge.from))
  return stream.nodes.filter((node) => !read.has(node.id)).map((node) => node.id)
}

/** A vertex stands one stage below the last of those that it reads from. `nodes` come in topological order. */
function stagesOf(
  nodes: readonly string[],
  flowing: readonly StreamEdge[],
  headOf: ReadonlyMap<string, string>,
): string[][] {
  const active = new Set(nodes)
  const incoming = groupBy(
    flowing.filter(
      (edge) => active.has(edge.from) && active.has(edge.to) && headOf.get(edge.from) !== headOf.get(edge.to),
    ),
    (edge) => headOf.get(edge.to)!,
  )
  const stageOf = new Map<string, number>()
  const stages: string[][] = []
  for (const id of nodes) {
    const vertex = headOf.get(id)!
    if (stageOf.has(vertex)) continue
    const stage = Math.max(0, ...(incoming.get(vertex) ?? []).map((edge) => stageOf.get(headOf.get(edge.from)!)! + 1))
    stageOf.set(vertex, stage)
    stages[stage] = [...(stages[stage] ?? []), vertex]
  }
  return stages
}
