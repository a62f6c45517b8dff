import type { StreamEdge, StreamNode } from '../../core/graph/stream-graph.js'

/** A node and an edge with nothing special about them but what a test says. */
export function aNode(id: string, changes: Partial<StreamNode> = {}): StreamNode {
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

export function anEdge(from: string, to: string, changes: Partial<StreamEdge> = {}): StreamEdge {
  const port = changes.port ?? 'input'
  return {
    id: `${from}>${to}.${port}`,
    from,
    output: 'main',
    to,
    port,
    edgeType: 'FORWARD',
    partitionStrategy: null,
    key: [],
    expression: null,
    blocking: false,
    ...changes,
  }
}
