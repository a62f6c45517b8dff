import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { buildJobGraph } from '../../../../core/graph/build-job-graph.js'
import { upstreamOf } from '../../../../core/graph/order.js'
import { streamEdge, streamGraphs, streamNode } from './random-graphs.js'

describe('the job graph', () => {
  it('fuses a forward path into one chain, and reads the build side of a join in a phase of its own', () => {
    const graph = buildJobGraph(
      {
        nodes: [
          streamNode('flights', { nodeType: 'SOURCE' }),
          streamNode('airports', { nodeType: 'SOURCE' }),
          streamNode('delayed'),
          streamNode('named'),
          streamNode('warehouse', { nodeType: 'SINK' }),
        ],
        edges: [
          streamEdge('flights', 'delayed'),
          streamEdge('delayed', 'named', { port: 'left' }),
          streamEdge('airports', 'named', { port: 'right', blocking: true }),
          streamEdge('named', 'warehouse'),
        ],
      },
      128,
    )
    expect(graph.vertices.map((vertex) => vertex.name)).toEqual(['flights→delayed→named→warehouse', 'airports'])
    expect(graph.notChained.map(({ edgeId, rule }) => [edgeId, rule])).toEqual([
      ['airports>named.right', 'BLOCKING_PORT'],
    ])
    expect(graph.phases).toEqual([
      { number: 1, nodes: ['airports'], stages: [['airports']], fills: ['airports>named.right'] },
      { number: 2, nodes: ['flights', 'delayed', 'named', 'warehouse'], stages: [['flights']], fills: [] },
    ])
  })

  it('feeds all branches from one shared prefix, and names them', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((id) => streamNode(id))
    const edges = [streamEdge('a', 'b'), streamEdge('b', 'c'), streamEdge('a', 'd')]
    const graph = buildJobGraph({ nodes, edges }, 128)
    expect(graph.vertices).toEqual([{ id: 'a', name: 'a→[b→c, d]', chain: ['a', 'b', 'd', 'c'], parallelism: 1 }])
  })

  it('joins a source with itself: it is read once for each phase', () => {
    const nodes = [streamNode('a', { nodeType: 'SOURCE' }), streamNode('j'), streamNode('s', { nodeType: 'SINK' })]
    const edges = [
      streamEdge('a', 'j', { port: 'left' }),
      streamEdge('a', 'j', { port: 'right', blocking: true }),
      streamEdge('j', 's'),
    ]
    const graph = buildJobGraph({ nodes, edges }, 128)
    expect(graph.phases.map((phase) => phase.nodes)).toEqual([['a'], ['a', 'j', 's']])
    expect(graph.edges).toEqual([{ streamEdgeId: 'a>j.right', from: 'a', to: 'a' }])
  })

  it.each([
    { rule: 'NOT_FORWARD', edge: { edgeType: 'SHUFFLE' as const }, from: {}, to: {} },
    { rule: 'PARALLELISM_DIFFERS', edge: {}, from: {}, to: { parallelism: 2 } },
    { rule: 'CHAINING_NEVER', edge: {}, from: { chaining: 'NEVER' as const }, to: {} },
    { rule: 'CHAINING_NEVER', edge: {}, from: {}, to: { chaining: 'NEVER' as const } },
    { rule: 'CHAINING_HEAD', edge: {}, from: {}, to: { chaining: 'HEAD' as const } },
  ])('keeps the rule $rule that refused a chain', ({ rule, edge, from, to }) => {
    const graph = buildJobGraph(
      { nodes: [streamNode('a', from), streamNode('b', to)], edges: [streamEdge('a', 'b', edge)] },
      128,
    )
    expect(graph.vertices).toHaveLength(2)
    expect(graph.notChained).toMatchObject([{ edgeId: 'a>b.input', rule }])
  })
})

describe('every job graph', () => {
  it('puts every node into exactly one chain, and every edge either inside one or between two', () => {
    fc.assert(
      fc.property(streamGraphs, (stream) => {
        const graph = buildJobGraph(stream, 128)
        const members = graph.vertices.flatMap((vertex) => vertex.chain)
        expect(members.toSorted()).toEqual(stream.nodes.map((node) => node.id).toSorted())
        const between = new Set(graph.edges.map((edge) => edge.streamEdgeId))
        expect(graph.notChained.map((edge) => edge.edgeId).toSorted()).toEqual([...between].toSorted())
        for (const edge of stream.edges) {
          if (between.has(edge.id)) continue
          const chain = graph.vertices.find((vertex) => vertex.chain.includes(edge.from))!.chain
          expect(chain.indexOf(edge.to)).toBeGreaterThan(chain.indexOf(edge.from))
        }
      }),
    )
  })

  it('gives every chain one head: all other nodes are reached from it by edges of the chain', () => {
    fc.assert(
      fc.property(streamGraphs, (stream) => {
        const graph = buildJobGraph(stream, 128)
        const between = new Set(graph.edges.map((edge) => edge.streamEdgeId))
        const inside = stream.edges.filter((edge) => !between.has(edge.id))
        for (const vertex of graph.vertices) {
          expect(vertex.chain[0]).toBe(vertex.id)
          const heads = vertex.chain.filter((id) => !inside.some((edge) => edge.to === id))
          expect(heads).toEqual([vertex.id])
        }
      }),
    )
  })

  it('fills every blocking port before the phase that needs it, and runs all sinks in the last', () => {
    fc.assert(
      fc.property(streamGraphs, (stream) => {
        const { phases } = buildJobGraph(stream, 128)
        const filledIn = new Map(phases.flatMap((phase) => phase.fills.map((id) => [id, phase.number] as const)))
        for (const phase of phases) {
          for (const edge of stream.edges.filter(({ blocking, to }) => blocking && phase.nodes.includes(to))) {
            expect(filledIn.get(edge.id)).toBeLessThan(phase.number)
          }
          for (const edge of stream.edges.filter(({ blocking, to }) => !blocking && phase.nodes.includes(to))) {
            expect(phase.nodes).toContain(edge.from)
          }
        }
        const sinks = stream.nodes.filter((node) => node.nodeType === 'SINK').map((node) => node.id)
        expect(phases.at(-1)!.nodes).toEqual(expect.arrayContaining(sinks))
        const inEarlier = phases.slice(0, -1).flatMap((phase) => phase.nodes)
        expect(inEarlier.filter((id) => sinks.includes(id))).toEqual([])
      }),
    )
  })

  it('runs the stages of a phase in the order of its edges, each vertex once', () => {
    fc.assert(
      fc.property(streamGraphs, (stream) => {
        const { phases, vertices } = buildJobGraph(stream, 128)
        const vertexOf = new Map(vertices.flatMap((vertex) => vertex.chain.map((id) => [id, vertex.id] as const)))
        for (const { nodes, stages } of phases) {
          expect(stages.flat().toSorted()).toEqual([...new Set(nodes.map((id) => vertexOf.get(id)!))].toSorted())
          const stageOf = new Map(stages.flatMap((stage, index) => stage.map((id) => [id, index] as const)))
          for (const edge of stream.edges) {
            const [from, to] = [vertexOf.get(edge.from)!, vertexOf.get(edge.to)!]
            if (edge.blocking || from === to || !nodes.includes(edge.from) || !nodes.includes(edge.to)) continue
            expect(stageOf.get(from)!).toBeLessThan(stageOf.get(to)!)
          }
        }
      }),
    )
  })

  it('needs no more phases than there are producers of blocking ports on the way to a sink, and one', () => {
    fc.assert(
      fc.property(streamGraphs, (stream) => {
        const sinks = stream.nodes.filter((node) => node.nodeType === 'SINK').map((node) => node.id)
        const needed = upstreamOf(sinks, stream.edges)
        const producers = new Set(
          stream.edges.filter((edge) => edge.blocking && needed.has(edge.to)).map((edge) => edge.from),
        )
        expect(buildJobGraph(stream, 128).phases).toHaveLength(producers.size + 1)
      }),
    )
  })

  it('builds a path of 1,000 nodes in a moment', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => streamNode(`n${index}`))
    const edges = nodes.slice(1).map((node, index) => streamEdge(`n${index}`, node.id))
    const started = performance.now()
    const graph = buildJobGraph({ nodes, edges }, 128)
    expect(performance.now() - started).toBeLessThan(500)
    expect(graph.vertices).toHaveLength(1)
    expect(graph.vertices[0]!.name.length).toBeLessThanOrEqual(200)
  })
})
