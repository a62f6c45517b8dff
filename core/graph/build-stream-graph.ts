import type { SpecEdge } from '../spec/resolve-edges.js'
import type { EdgeType, PartitionStrategy, StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/** What the user wrote, with the default of every edge filled in. */
export interface GraphNode extends StreamNode {
  /** Columns that a keyed operator groups by, per port. */
  readonly keys: Readonly<Record<string, readonly string[]>> | null
}

export function buildStreamGraph(asked: readonly GraphNode[], edges: readonly SpecEdge[]): StreamGraph {
  const nodes = asked.map((node) => (meetInOne(node) ? { ...node, parallelism: 1 } : node))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  return {
    nodes: nodes.map(({ keys: _, ...node }) => node),
    edges: edges.map((edge) => buildEdge(edge, byId.get(edge.from)!, byId.get(edge.to)!)),
  }
}

/** All records of a port must meet in one subtask: more of them would have nothing to do. */
export function meetInOne({ keys }: Pick<GraphNode, 'keys'>): boolean {
  return keys !== null && Object.values(keys).some((columns) => columns.length === 0)
}

function buildEdge(edge: SpecEdge, from: GraphNode, to: GraphNode): StreamEdge {
  const { type, partition, key } = wayOf(edge, from, to)
  return {
    id: `${edge.from}${edge.output === 'late' ? '.late' : ''}>${edge.to}.${edge.port}`,
    from: edge.from,
    output: edge.output,
    to: edge.to,
    port: edge.port,
    edgeType: type,
    partitionStrategy: partition,
    key,
    expression: edge.spelled?.expression ?? null,
    blocking: edge.blocking,
  }
}

interface Way {
  readonly type: EdgeType
  readonly partition: PartitionStrategy | null
  readonly key: readonly string[]
}

function wayOf(edge: SpecEdge, from: GraphNode, to: GraphNode): Way {
  const own = to.keys?.[edge.port]
  // Records of the same key must meet, whatever else an edge says.
  if (to.parallelism > 1 && own !== undefined) return { type: 'SHUFFLE', partition: 'HASH', key: own }
  const { spelled } = edge
  if (spelled !== null && (spelled.type !== null || spelled.partition !== null || spelled.key.length > 0)) {
    const type = spelled.type ?? 'SHUFFLE'
    if (type === 'FORWARD' && from.parallelism !== to.parallelism)
      return { type: 'SHUFFLE', partition: 'ROUND_ROBIN', key: [] }
    if (type !== 'SHUFFLE') return { type, partition: null, key: [] }
    const key = spelled.key.length > 0 ? spelled.key : (own ?? [])
    const partition =
      spelled.partition ?? (spelled.expression !== null ? 'CUSTOM' : key.length > 0 ? 'HASH' : 'ROUND_ROBIN')
    return { type, partition, key: partition === 'HASH' ? key : [] }
  }
  if (edge.blocking) return { type: 'BROADCAST', partition: null, key: [] }
  if (from.parallelism === to.parallelism) return { type: 'FORWARD', partition: null, key: [] }
  return { type: 'SHUFFLE', partition: 'ROUND_ROBIN', key: [] }
}
