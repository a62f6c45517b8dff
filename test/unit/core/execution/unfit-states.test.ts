import { describe, expect, test } from '@jest/globals'
import type { StateHandle } from '../../../../core/execution/chain-task.js'
import { keptBy } from '../../../../core/execution/kept-by.js'
import { unfitStates } from '../../../../core/execution/unfit-states.js'
import type { JobGraph } from '../../../../core/graph/job-graph.js'
import type { StreamEdge, StreamNode } from '../../../../core/graph/stream-graph.js'
import { aNode, anEdge } from '../../../support/a-node.js'

const columns = [
  { name: 'k', type: 'BIGINT' },
  { name: 'x', type: 'DOUBLE' },
]

function graphOf(node: Partial<StreamNode>, edge: Partial<StreamEdge> = {}): JobGraph {
  const own = aNode('own', node)
  const hashed = { edgeType: 'SHUFFLE', partitionStrategy: 'HASH', key: ['k'] } as const
  return {
    stream: {
      nodes: [aNode('in', { nodeType: 'SOURCE', schema: columns }), own],
      edges: [anEdge('in', 'own', { ...(own.parallelism > 1 ? hashed : {}), ...edge })],
    },
    vertices: [],
    edges: [],
    phases: [],
    maxParallelism: 128,
    notChained: [],
  }
}

const summed = { kind: 'AGGREGATE', config: { groupBy: ['k'], aggregates: { s: 'sum(x)' } } }
const build = { port: 'right', blocking: true } as const

function stateOf(graph: JobGraph, name = 'groups', subtask = 0): StateHandle {
  const by = keptBy(graph, 'own', name.startsWith('build:') ? 'right' : undefined)
  return { nodeId: 'own', subtask, name, type: 'MAP', path: `${name}${subtask}`, sizeBytes: 1, records: 1, by }
}

describe('state goes on', () => {
  test.each([
    ['in the same graph', graphOf(summed), graphOf(summed)],
    [
      'with a setting that it does not depend on',
      graphOf(summed),
      graphOf({ ...summed, config: { ...summed.config, ttl: '1d' } }),
    ],
    ['in more subtasks', graphOf(summed), graphOf({ ...summed, parallelism: 3 })],
    ['in fewer subtasks', graphOf({ ...summed, parallelism: 3 }), graphOf(summed)],
  ])('%s', (_, before, after) => {
    expect(unfitStates([stateOf(before), stateOf(before, 'groups:000000002')], after)).toEqual([])
  })

  test('of a build side, in any number of subtasks', () => {
    const join = (parallelism: number) => graphOf({ kind: 'JOIN', config: { on: 'true' }, parallelism }, build)
    expect(unfitStates([stateOf(join(2), 'build:right:0000-000000001')], join(3))).toEqual([])
  })

  test('of which nothing is known', () => {
    const { by: _, ...unknown } = stateOf(graphOf(summed))
    expect(unfitStates([unknown], graphOf({ ...summed, parallelism: 2 }))).toEqual([])
  })
})

describe('state does not fit', () => {
  const median = { ...summed, config: { ...summed.config, aggregates: { s: 'median(x)' } } }
  const byBoth = graphOf({ ...summed, parallelism: 2 }, { key: ['k', 'x'] })
  const byPlace = graphOf({ ...summed, parallelism: 2 }, { partitionStrategy: 'ROUND_ROBIN', key: [] })
  test.each([
    [
      'another kind of operator',
      graphOf(summed),
      graphOf({ ...summed, kind: 'DEDUPLICATE' }),
      /AGGREGATE.*DEDUPLICATE/,
    ],
    ['other aggregates', graphOf(summed), graphOf(median), /`aggregates`/],
    ['subtasks that get records by their place', graphOf(summed), byPlace, /cannot be dealt to 2/],
    ['subtasks that got records by their place', byPlace, graphOf(summed), /2 parts/],
    [
      'the same number of subtasks, dealt by more than the group',
      graphOf({ ...summed, parallelism: 2 }),
      byBoth,
      /dealt/,
    ],
    ['another number of key groups', byBoth, { ...byBoth, maxParallelism: 64 }, /dealt/],
  ])('%s', (_, before, after, message) => {
    const [fault, ...others] = unfitStates([stateOf(before), stateOf(before, 'groups', 1)], after)
    expect(fault).toMatchObject({ nodeId: 'own', message: expect.stringMatching(message) })
    expect(others).toEqual([])
  })

  test('a node that is gone', () => {
    const { stream, ...rest } = graphOf(summed)
    const without = { ...rest, stream: { nodes: stream.nodes.slice(0, 1), edges: [] } }
    expect(unfitStates([stateOf(graphOf(summed))], without)).toMatchObject([{ nodeId: 'own' }])
  })

  test('an input that is not read to its end any more', () => {
    const before = graphOf({ kind: 'JOIN', config: { on: 'true' } }, build)
    const after = graphOf({ kind: 'JOIN', config: { on: 'true' } })
    expect(unfitStates([stateOf(before, 'build:right:0000-000000001')], after)).toMatchObject([{ nodeId: 'own' }])
  })

  test('but not how far event time has come, which is the same for all subtasks', () => {
    const window = (parallelism: number) => graphOf({ kind: 'WINDOW', config: { groupBy: ['k'] }, parallelism })
    const clock = stateOf(window(2), 'clock')
    const value = { ...clock, type: 'VALUE', by: { ...clock.by!, everywhere: true } } as const
    expect(unfitStates([value], window(3))).toEqual([])
    expect(unfitStates([{ ...stateOf(window(2), 'groups'), type: 'MAP' }], window(3))).toEqual([])
  })

  test('rows of a join that all meet in one subtask, in another number of them', () => {
    const node = { kind: 'JOIN', config: { type: 'FULL', on: 'true' } }
    const join = (parallelism: number) => graphOf({ ...node, parallelism }, { key: [] })
    expect(unfitStates([stateOf(join(2), 'matched')], join(3))).toMatchObject([{ nodeId: 'own' }])
    const byKey = (parallelism: number) => graphOf({ ...node, parallelism })
    expect(unfitStates([stateOf(byKey(2), 'matched')], byKey(3))).toEqual([])
  })
})
