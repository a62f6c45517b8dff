/** Edges that are not as they are spelled, because something else decides how their records are dealt. */
import type { Problem } from '../errors/problem.js'
import type { SpecEdge } from '../spec/resolve-edges.js'
import type { StreamEdge, StreamGraph } from './stream-graph.js'

export function replacedEdges(asked: readonly SpecEdge[], { nodes, edges }: StreamGraph): Problem[] {
  return asked.flatMap((spec) => {
    const edge = edges.find(
      (one) => one.from === spec.from && one.output === spec.output && one.to === spec.to && one.port === spec.port,
    )
    if (edge === undefined || isAsSpelled(spec, edge)) return []
    const to = nodes.find(({ id }) => id === spec.to)
    const message =
      edge.partitionStrategy === 'HASH'
        ? `Records of the same key must meet in \`${spec.to}\`, a ${to?.kind}: they are dealt by the HASH of ${edge.key.map((name) => `\`${name}\``).join(', ')}, whatever the edge says.`
        : `\`${spec.from}\` and \`${spec.to}\` do not run with the same parallelism: records go ROUND_ROBIN, not FORWARD.`
    return [{ pointer: spec.pointer, nodeId: spec.to, code: 'edge.replaced', message, hint: null }]
  })
}

function isAsSpelled({ spelled }: SpecEdge, edge: StreamEdge): boolean {
  if (spelled === null) return true
  if (spelled.type !== null && spelled.type !== edge.edgeType) return false
  if (spelled.partition !== null && spelled.partition !== edge.partitionStrategy) return false
  const isHashed = edge.partitionStrategy === 'HASH' && spelled.key.length > 0
  return !isHashed || spelled.key.join('\n').toLowerCase() === edge.key.join('\n').toLowerCase()
}
