/** Graphs without cycles, of every kind of edge, for properties. */
import fc from 'fast-check'
import type { Chaining, StreamEdge, StreamGraph } from '../../../../core/graph/stream-graph.js'
import { aNode, anEdge } from '../../../support/a-node.js'

export const streamNode = aNode

export function streamEdge(from: string, to: string, changes: Partial<StreamEdge> = {}): StreamEdge {
  return anEdge(from, to, { edgeType: changes.blocking === true ? 'BROADCAST' : 'FORWARD', ...changes })
}

const links = fc.record({
  from: fc.nat(),
  to: fc.nat(),
  blocking: fc.boolean(),
  forward: fc.boolean(),
})

export const streamGraphs: fc.Arbitrary<StreamGraph> = fc
  .record({
    nodes: fc.array(
      fc.record({
        chaining: fc.constantFrom<Chaining>('ALWAYS', 'ALWAYS', 'HEAD', 'NEVER'),
        parallelism: fc.constantFrom(1, 1, 1, 2),
      }),
      { minLength: 1, maxLength: 20 },
    ),
    links: fc.array(links, { maxLength: 30 }),
  })
  .map(({ nodes, links }) => {
    const edges = new Map<string, StreamEdge>()
    for (const [index, link] of links.entries()) {
      const [a, b] = [link.from % nodes.length, link.to % nodes.length]
      if (a === b) continue
      const [from, to] = [`n${Math.min(a, b)}`, `n${Math.max(a, b)}`]
      const port = `p${index}`
      const type = link.forward ? ({} as const) : ({ edgeType: 'SHUFFLE', partitionStrategy: 'ROUND_ROBIN' } as const)
      edges.set(`${from}>${to}`, streamEdge(from, to, { port, blocking: link.blocking, ...type }))
    }
    const read = new Set([...edges.values()].map((edge) => edge.from))
    return {
      nodes: nodes.map((node, index) =>
        streamNode(`n${index}`, { ...node, nodeType: read.has(`n${index}`) ? 'OPERATOR' : 'SINK' }),
      ),
      edges: [...edges.values()],
    }
  })
