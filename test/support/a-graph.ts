import type { JobGraph } from '../../core/graph/job-graph.js'
import type { NodeType, StreamEdge, StreamNode } from '../../core/graph/stream-graph.js'

/** The demo job in small: flights → delayed → named → warehouse, with airports as the build side of the join. */
export function aGraph(): JobGraph {
  return {
    stream: {
      nodes: [
        aNode('flights', 'SOURCE', 'file'),
        aNode('airports', 'SOURCE', 'file'),
        aNode('delayed', 'OPERATOR', 'FILTER'),
        aNode('named', 'OPERATOR', 'JOIN'),
        aNode('warehouse', 'SINK', 'jdbc'),
      ],
      edges: [
        anEdge('flights', 'delayed', 'input'),
        anEdge('delayed', 'named', 'left'),
        { ...anEdge('airports', 'named', 'right'), edgeType: 'BROADCAST', blocking: true },
        anEdge('named', 'warehouse', 'input'),
      ],
    },
    vertices: [
      { id: 'airports', name: 'airports', chain: ['airports'], parallelism: 1 },
      {
        id: 'flights',
        name: 'flights→delayed→named→warehouse',
        chain: ['flights', 'delayed', 'named', 'warehouse'],
        parallelism: 1,
      },
    ],
    edges: [{ streamEdgeId: 'airports>named.right', from: 'airports', to: 'flights' }],
    phases: [
      { number: 1, nodes: ['airports'], stages: [['airports']], fills: ['airports>named.right'] },
      { number: 2, nodes: ['flights', 'delayed', 'named', 'warehouse'], stages: [['flights']], fills: [] },
    ],
    maxParallelism: 128,
    notChained: [{ edgeId: 'airports>named.right', rule: 'BLOCKING_PORT', reason: 'right is read to its end first' }],
  }
}

function aNode(id: string, nodeType: NodeType, kind: string): StreamNode {
  return {
    id,
    name: id,
    description: null,
    nodeType,
    kind,
    config: {},
    parallelism: 1,
    chaining: 'ALWAYS',
    watermark: null,
    schema: [],
  }
}

function anEdge(from: string, to: string, port: string): StreamEdge {
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
  }
}
