import { describe, expect, test } from '@jest/globals'
import { buildJobGraph } from '../../../../core/graph/build-job-graph.js'
import { type NodeFacts, replayGraph } from '../../../../core/graph/replay-graph.js'
import type { StreamEdge, StreamNode } from '../../../../core/graph/stream-graph.js'
import { aNode, anEdge } from '../../../support/a-node.js'

const source = (id: string) => aNode(id, { nodeType: 'SOURCE', kind: 'file', parallelism: 2 })
const sink = (id: string, mode = 'APPEND') => aNode(id, { nodeType: 'SINK', kind: 'file', config: { mode } })
const map = (id: string, kind = 'MAP') => aNode(id, { kind, parallelism: 2 })

const facts: NodeFacts = {
  takesAlone: ({ kind }) => kind !== 'AGGREGATE',
  replaces: ({ config }) => config.mode === 'REPLACE',
}

function replay(nodes: readonly StreamNode[], edges: readonly StreamEdge[], of: string, nodeId: string) {
  return replayGraph(buildJobGraph({ nodes, edges }, 128), { id: 'r', of, nodeId }, facts)
}

function shapeOf(made: ReturnType<typeof replay>) {
  if (!made.ok) throw new Error(made.reason)
  const { nodes, edges } = made.graph.stream
  return {
    nodes: nodes.map(({ id, replay: given }) => (given === undefined ? id : `${id} <- ${given.id}`)).sort(),
    edges: edges.map(({ from, to }) => `${from}>${to}`).sort(),
    phases: made.graph.phases.length,
    before: made.before,
  }
}

/** in → clean → {left → one, right → two}, and countries beside `right`. */
const nodes = [
  source('in'),
  map('clean'),
  map('left'),
  map('right', 'JOIN'),
  source('countries'),
  sink('one'),
  sink('two'),
]
const edges = [
  anEdge('in', 'clean', { edgeType: 'SHUFFLE', partitionStrategy: 'ROUND_ROBIN' }),
  anEdge('clean', 'left'),
  anEdge('clean', 'right', { port: 'left' }),
  anEdge('countries', 'right', { port: 'right', blocking: true, edgeType: 'BROADCAST' }),
  anEdge('left', 'one'),
  anEdge('right', 'two'),
]

describe('a replay runs', () => {
  test('the whole job for a record that its source could not read', () => {
    expect(shapeOf(replay(nodes, edges, 'in', 'in'))).toEqual({
      nodes: ['clean', 'countries', 'in <- r', 'left', 'one', 'right', 'two'],
      edges: ['clean>left', 'clean>right', 'countries>right', 'in>clean', 'left>one', 'right>two'],
      phases: 2,
      before: [],
    })
  })

  test('only the branch in which a record failed, by the way that it came, with the side inputs of that branch', () => {
    expect(shapeOf(replay(nodes, edges, 'in', 'left'))).toEqual({
      nodes: ['clean', 'in <- r', 'left', 'one'],
      edges: ['clean>left', 'in>clean', 'left>one'],
      phases: 1,
      before: ['in', 'clean'],
    })
    expect(shapeOf(replay(nodes, edges, 'right', 'two'))).toEqual({
      nodes: ['right <- r', 'two'],
      edges: ['right>two'],
      phases: 1,
      before: ['right'],
    })
  })

  test('in one subtask each, as one chain', () => {
    const made = replay(nodes, edges, 'in', 'left')
    if (!made.ok) throw new Error(made.reason)
    expect(made.graph.vertices).toMatchObject([{ chain: ['in', 'clean', 'left', 'one'], parallelism: 1 }])
  })

  test('with empty inputs where others came in, so that a union has the columns of all', () => {
    const both = [source('a'), source('b'), map('union', 'UNION'), sink('out')]
    const joined = [anEdge('a', 'union', { port: 'a' }), anEdge('b', 'union', { port: 'b' }), anEdge('union', 'out')]
    expect(shapeOf(replay(both, joined, 'a', 'a'))).toMatchObject({
      nodes: ['a <- r', 'b (not replayed) <- null', 'out', 'union'],
      edges: ['a>union', 'b (not replayed)>union', 'union>out'],
    })
  })
})

describe('a replay is refused', () => {
  const refused = (made: ReturnType<typeof replay>) => (made.ok ? null : made.reason)

  test('through what needs other records, but not behind it', () => {
    const summed = [source('in'), map('sum', 'AGGREGATE'), map('round'), sink('out')]
    const line = [anEdge('in', 'sum'), anEdge('sum', 'round'), anEdge('round', 'out')]
    expect(refused(replay(summed, line, 'in', 'in'))).toContain('sum (AGGREGATE)')
    expect(refused(replay(summed, line, 'in', 'round'))).toContain('sum (AGGREGATE)')
    expect(refused(replay(summed, line, 'sum', 'round'))).toBeNull()
  })

  test('into a target that would be replaced', () => {
    const replaced = [source('in'), sink('out', 'REPLACE')]
    expect(refused(replay(replaced, [anEdge('in', 'out')], 'in', 'in'))).toContain('replaces what is there')
  })

  test('of a side input, which is read as a whole', () => {
    expect(refused(replay(nodes, edges, 'countries', 'countries'))).toContain('input right of right')
    const own = [
      ...edges.filter(({ from }) => from !== 'countries'),
      anEdge('in', 'right', { port: 'right', blocking: true }),
    ]
    expect(refused(replay(nodes, own, 'in', 'right'))).toContain('input right of right')
  })

  test('where a record may have come by several ways, or by none', () => {
    const diamond = [source('in'), map('a'), map('b'), map('union', 'UNION'), sink('out')]
    const ways = [
      anEdge('in', 'a'),
      anEdge('in', 'b'),
      anEdge('a', 'union', { port: 'a' }),
      anEdge('b', 'union', { port: 'b' }),
      anEdge('union', 'out'),
    ]
    expect(refused(replay(diamond, ways, 'in', 'out'))).toContain('on no way, or on more than one')
    expect(refused(replay(diamond, ways, 'union', 'out'))).toBeNull()
    expect(refused(replay(diamond, ways, 'a', 'b'))).toContain('on no way')
    expect(refused(replay(diamond, ways, 'in', 'gone'))).toContain('no node gone')
  })
})
