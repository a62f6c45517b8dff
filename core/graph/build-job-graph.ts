import { groupBy } from '../group-by.js'
import { CHAIN_RULES } from './chain-rules.js'
import type { JobGraph, Vertex } from './job-graph.js'
import { topologicalOrder } from './order.js'
import { planPhases } from './plan-phases.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/** Fuses nodes into chains, and cuts the graph into phases at its blocking ports. Pure, and linear in the graph's size. */
export function buildJobGraph(stream: StreamGraph, maxParallelism: number): JobGraph {
  const byId = new Map(stream.nodes.map((node) => [node.id, node]))
  const { order } = topologicalOrder([...byId.keys()], stream.edges)
  const { chained, notChained } = judgeEdges(stream, byId)
  const headOf = findHeads(order, chained)
  const vertices = buildVertices(order, headOf, chained, byId)
  const edges = stream.edges
    .filter((edge) => !chained.has(edge))
    .map((edge) => ({ streamEdgeId: edge.id, from: headOf.get(edge.from)!, to: headOf.get(edge.to)! }))
  return { stream, vertices, edges, phases: planPhases(stream, order, headOf), maxParallelism, notChained }
}

function judgeEdges(stream: StreamGraph, byId: ReadonlyMap<string, StreamNode>) {
  const inputs = groupBy(
    stream.edges.filter((edge) => !edge.blocking),
    (edge) => edge.to,
  )
  const chained = new Set<StreamEdge>()
  const notChained: JobGraph['notChained'][number][] = []
  for (const edge of stream.edges) {
    const candidate = {
      edge,
      from: byId.get(edge.from)!,
      to: byId.get(edge.to)!,
      inputs: inputs.get(edge.to)?.length ?? 0,
    }
    const refusing = CHAIN_RULES.find((rule) => rule.refuses(candidate))
    if (refusing === undefined) chained.add(edge)
    else notChained.push({ edgeId: edge.id, rule: refusing.rule, reason: refusing.reason(candidate) })
  }
  return { chained, notChained }
}

/** A node has one chained edge into it at most, so chains are trees. */
function findHeads(order: readonly string[], chained: ReadonlySet<StreamEdge>): Map<string, string> {
  const producer = new Map([...chained].map((edge) => [edge.to, edge.from]))
  const headOf = new Map<string, string>()
  for (const id of order) {
    const from = producer.get(id)
    headOf.set(id, from === undefined ? id : headOf.get(from)!)
  }
  return headOf
}

function buildVertices(
  order: readonly string[],
  headOf: ReadonlyMap<string, string>,
  chained: ReadonlySet<StreamEdge>,
  byId: ReadonlyMap<string, StreamNode>,
): Vertex[] {
  const members = groupBy(order, (id) => headOf.get(id)!)
  const branches = groupBy([...chained], (edge) => edge.from)
  return [...members].map(([head, chain]) => ({
    id: head,
    name: shorten(nameOf(head, branches)),
    chain,
    parallelism: byId.get(head)!.parallelism,
  }))
}

/** `a→b→c`, and `a→[b→c, d]` where it branches. */
function nameOf(id: string, branches: ReadonlyMap<string, readonly StreamEdge[]>): string {
  const next = branches.get(id) ?? []
  if (next.length === 0) return id
  const names = next.map((edge) => nameOf(edge.to, branches))
  return names.length === 1 ? `${id}→${names[0]}` : `${id}→[${names.join(', ')}]`
}

const LONGEST_NAME = 200

function shorten(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`
}
