import type { JobGraph } from '../../core/graph/job-graph.js'
import { aNode, anEdge } from './a-node.js'

/** The demo job in small: flights → delayed → named → warehouse, with airports as the build side of the join. */
export function aGraph(): JobGraph {
  return {
    stream: {
      nodes: [
        aNode('flights', { nodeType: 'SOURCE', kind: 'file' }),
        aNode('airports', { nodeType: 'SOURCE', kind: 'file' }),
        aNode('delayed', { kind: 'FILTER' }),
        aNode('named', { kind: 'JOIN' }),
        aNode('warehouse', { nodeType: 'SINK', kind: 'jdbc' }),
      ],
      edges: [
        anEdge('flights', 'delayed'),
        anEdge('delayed', 'named', { port: 'left' }),
        anEdge('airports', 'named', { port: 'right', edgeType: 'BROADCAST', blocking: true }),
        anEdge('named', 'warehouse'),
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
