import { describe, expect, it } from '@jest/globals'
import { buildJobGraph } from '../../../../core/graph/build-job-graph.js'
import { buildStreamGraph, type GraphNode } from '../../../../core/graph/build-stream-graph.js'
import { explainGraph } from '../../../../core/graph/explain.js'
import type { SpelledEdge } from '../../../../core/spec/outline.js'
import type { SpecEdge } from '../../../../core/spec/resolve-edges.js'
import { streamNode } from './random-graphs.js'

const node = (id: string, parallelism = 1, keys: GraphNode['keys'] = null): GraphNode => ({
  ...streamNode(id, { parallelism }),
  keys,
})
const edge = (changes: Partial<SpecEdge> = {}): SpecEdge => ({
  from: 'a',
  output: 'main',
  to: 'b',
  port: 'input',
  blocking: false,
  pointer: '',
  spelled: null,
  ...changes,
})
const spelled = (changes: Partial<SpelledEdge>): SpelledEdge => ({
  index: 0,
  type: null,
  partition: null,
  key: [],
  expression: null,
  ...changes,
})
const built = (a: GraphNode, b: GraphNode, between = edge()) => {
  const { edgeType, partitionStrategy, key } = buildStreamGraph([a, b], [between]).edges[0]!
  return [edgeType, partitionStrategy, key]
}

describe('the stream graph', () => {
  it('takes FORWARD between nodes of one parallelism, otherwise SHUFFLE by ROUND_ROBIN', () => {
    expect(built(node('a'), node('b'))).toEqual(['FORWARD', null, []])
    expect(built(node('a'), node('b', 2))).toEqual(['SHUFFLE', 'ROUND_ROBIN', []])
  })

  it('lets keyed operators that run in parallel ask for SHUFFLE by HASH on their key', () => {
    expect(built(node('a', 2), node('b', 2, { input: ['origin'] }))).toEqual(['SHUFFLE', 'HASH', ['origin']])
    expect(built(node('a'), node('b', 1, { input: ['origin'] }))).toEqual(['FORWARD', null, []])
  })

  it('gives a node whose records must all meet one subtask', () => {
    const { nodes, edges } = buildStreamGraph([node('a', 2), node('b', 2, { input: [] })], [edge()])
    expect(nodes.map(({ parallelism }) => parallelism)).toEqual([2, 1])
    expect(edges[0]).toMatchObject({ edgeType: 'SHUFFLE', partitionStrategy: 'ROUND_ROBIN' })
  })

  it('brings equal keys together, whatever else an edge says', () => {
    const way = edge({ spelled: spelled({ type: 'SHUFFLE', partition: 'ROUND_ROBIN' }) })
    expect(built(node('a', 2), node('b', 2, { input: ['origin'] }), way)).toEqual(['SHUFFLE', 'HASH', ['origin']])
  })

  it('sends what fills a blocking port to every subtask', () => {
    expect(built(node('a'), node('b'), edge({ blocking: true, port: 'right' }))).toEqual(['BROADCAST', null, []])
  })

  it('does what an edge spells out, and fills in what it leaves open', () => {
    const way = (changes: Partial<SpelledEdge>) => built(node('a'), node('b'), edge({ spelled: spelled(changes) }))
    expect(way({ type: 'SHUFFLE', partition: 'HASH', key: ['k'] })).toEqual(['SHUFFLE', 'HASH', ['k']])
    expect(way({ key: ['k'] })).toEqual(['SHUFFLE', 'HASH', ['k']])
    expect(way({ type: 'SHUFFLE' })).toEqual(['SHUFFLE', 'ROUND_ROBIN', []])
    expect(way({ type: 'SHUFFLE', expression: 'x % 2' })).toEqual(['SHUFFLE', 'CUSTOM', []])
    expect(way({ type: 'BROADCAST' })).toEqual(['BROADCAST', null, []])
  })

  it('gives each edge an id of its own, the second output included', () => {
    const edges = [edge(), edge({ output: 'late', to: 'c' })]
    const ids = buildStreamGraph([node('a'), node('b'), node('c')], edges).edges.map(({ id }) => id)
    expect(ids).toEqual(['a>b.input', 'a.late>c.input'])
  })

  it('is shown as text, dot, Mermaid and JSON', () => {
    const stream = buildStreamGraph([node('a'), node('b', 2)], [edge()])
    const graph = buildJobGraph(stream, 128)
    expect(explainGraph(graph, 'text')).toContain('a>b.input  NOT_FORWARD: The edge is SHUFFLE')
    expect(explainGraph(graph, 'dot')).toContain('"a" -> "b" [label="SHUFFLE/ROUND_ROBIN"]')
    expect(explainGraph(graph, 'mermaid')).toContain('n0 -->|"SHUFFLE/ROUND_ROBIN"| n1')
    expect(JSON.parse(explainGraph(graph, 'json')).streamGraph).toEqual(stream)
  })
})
