import { describe, expect, test } from '@jest/globals'
import type { ChainResult } from '../../../../core/execution/chain-task.js'
import { mergeResults } from '../../../../core/execution/merge-results.js'
import { noRecords } from '../../../../core/record/counters.js'
import { aGraph } from '../../../support/a-graph.js'

describe('merging the results of an epoch', () => {
  test('tells how the records of a node fell to its subtasks', () => {
    const graph = aGraph()
    const phase = graph.phases.at(-1)!
    const plan = { epoch: 1, phase: phase.number, at: '2026-01-01T00:00:00.000Z', sources: {}, end: false }
    const results = [subtask(0, 10), subtask(1, 70), subtask(2, 40)]
    const { shares, counters } = mergeResults(graph, phase, plan, { positions: {}, states: [] }, results, 1)
    expect(counters.delayed?.in).toBe(120)
    expect(shares).toEqual({ delayed: { subtasks: 3, busiest: 70 } })
  })

  test.each([
    ['its steps side by side', 90, 100],
    ['steps that wait for one another', 230, 230],
    ['a worker that was lost meanwhile', 9_000, 250],
    ['a clock that is behind', -5_000, 100],
  ])('an epoch takes as long as %s', (_what, elapsedMs, expected) => {
    const graph = aGraph()
    const phase = graph.phases.at(-1)!
    const plan = { epoch: 1, phase: phase.number, at: '2026-01-01T00:00:00.000Z', sources: {}, end: false }
    const results = [subtask(0, 10, 100), subtask(1, 70, 80), subtask(2, 40, 70)]
    const { durationMs } = mergeResults(graph, phase, plan, { positions: {}, states: [] }, results, elapsedMs)
    expect(durationMs).toBe(expected)
  })
})

function subtask(number: number, records: number, durationMs = 1): ChainResult {
  return {
    vertexId: 'flights',
    subtask: number,
    epoch: 1,
    counters: { delayed: { ...noRecords, in: records } },
    reached: {},
    states: [],
    exchanges: [],
    rejects: [],
    durationMs,
    wrote: {},
  }
}
