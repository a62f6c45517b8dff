import fc from 'fast-check'
import type { Chaining, StreamEdge, StreamGraph, StreamNode } from '../../../../core/graph/stream-graph.js'

/** Graphs without cycles, of every kind of edge, for properties. */
export function streamNode(id: string, changes: Partial<StreamNode> = {}): StreamNode {
  return {
    id,
    name: id,
    description: null,
    nodeType: 'OPERATOR',
    kind: 'MAP',
    config: {},
    parallelism: 1,
    chaining: 'ALWAYS',
    watermark: null,
    schema: [],
    ...changes,
  }
}

export function streamEdge(from: string, to: string, changes: Partial<StreamEdge> = {}): StreamEdge {
  const port = changes.port ?? 'input'
  return {
    id: `${from}>${to}.${port}`,
    from,
    output: 'main',
    to,
    port,
    edgeType: changes.blocking === true ? 'BROADCAST' : 'FORWARD',
    partitionStrategy: null,
    key: [],
    expression: null,
    blocking: false,
    ...changes,
  }
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
