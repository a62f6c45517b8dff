import { describe, expect, test } from '@jest/globals'
import { carryOver } from '../../../../core/execution/carry-over.js'
import type { StateHandle } from '../../../../core/execution/chain-task.js'
import type { CompletedCheckpoint } from '../../../../core/execution/journal.js'
import type { JobGraph } from '../../../../core/graph/job-graph.js'
import { sampleJob } from '../../../support/sample-job.js'

/** flights → delayed (JOIN, with airports as its side input) → warehouse. */
const { graph } = sampleJob()

const progress = (at: number, end = false) => ({
  position: { at },
  end,
  lastRecords: 1,
  lastDurationMs: 1,
  lastBudget: { records: 1, bytes: 1 },
})

const state = (nodeId: string, name: string): StateHandle => ({
  nodeId,
  subtask: 0,
  name,
  type: 'MAP',
  path: `${nodeId}/${name}`,
  sizeBytes: 1,
  records: 1,
})

const checkpoint: CompletedCheckpoint = {
  checkpointId: 'c',
  epoch: 7,
  phase: 2,
  positions: { flights: progress(5), airports: progress(9, true) },
  states: [state('delayed', 'kept'), state('delayed', 'build:right:0000001')],
  watermarks: {},
  next: { kind: 'plan', epoch: 8, phase: 2, notBefore: null },
}

function changed(change: (node: JobGraph['stream']['nodes'][number]) => object | null): JobGraph {
  const nodes = graph.stream.nodes.flatMap((node) => {
    const to = change(node)
    return to === null ? [] : [{ ...node, ...to }]
  })
  const ids = new Set(nodes.map(({ id }) => id))
  const phases = graph.phases.map((phase) => ({ ...phase, nodes: phase.nodes.filter((id) => ids.has(id)) }))
  return { ...graph, phases, stream: { ...graph.stream, nodes } }
}

describe('a checkpoint of one version of a job', () => {
  test('is carried over whole to one that differs only in what no state depends on', () => {
    const to = changed((node) => (node.id === 'warehouse' ? { config: { table: 'other' } } : {}))
    const { restored, unfit } = carryOver(checkpoint, graph, to)
    expect(unfit).toEqual([])
    expect(restored).toEqual({ ...checkpoint, next: { kind: 'unplanned' } })
  })

  test('has its side inputs read anew where one of them is another, and everything else goes on', () => {
    const to = changed((node) => (node.id === 'airports' ? { config: { path: 'newer.csv' } } : {}))
    const { restored, unfit } = carryOver(checkpoint, graph, to)
    expect(unfit).toEqual([])
    expect(restored.phase).toBe(1)
    expect(restored.positions).toEqual({ flights: progress(5) })
    expect(restored.states).toEqual([state('delayed', 'kept')])
  })

  test('of which a side input was still being read has all of them read anew', () => {
    const { restored } = carryOver({ ...checkpoint, phase: 1 }, graph, graph)
    expect(restored).toMatchObject({ phase: 1, positions: { flights: progress(5) } })
    expect(restored.states).toEqual([state('delayed', 'kept')])
  })

  test('names every source and operator that is gone or another, and leaves them behind', () => {
    const to = changed((node) => (node.id === 'delayed' ? null : node.id === 'flights' ? { kind: 'kafka' } : {}))
    const { restored, unfit } = carryOver(checkpoint, graph, to)
    expect(unfit).toMatchObject([
      { nodeId: 'flights', code: 'state.unfit', message: expect.stringContaining('is kafka now') },
      { nodeId: 'delayed', hint: expect.stringContaining('--allow-non-restored-state') },
    ])
    expect(restored.positions.flights).toBeUndefined()
    expect(restored.states).toEqual([])
  })

  test('whose input had ended has nothing after it in any version', () => {
    const { restored } = carryOver({ ...checkpoint, next: { kind: 'exhausted' } }, graph, graph)
    expect(restored.next).toEqual({ kind: 'exhausted' })
  })
})
