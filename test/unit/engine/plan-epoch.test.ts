import { describe, expect, test } from '@jest/globals'
import type { SourceProgress } from '../../../core/execution/journal.js'
import { planEpoch } from '../../../engine/plan-epoch.js'
import { chainOf, edge, node, someSettings, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const at = '2026-01-02T03:04:06.000Z'
const progress = (position: unknown, more: Partial<SourceProgress> = {}): SourceProgress => ({
  position,
  end: false,
  lastRecords: 100,
  lastDurationMs: 10_000,
  lastBudget: { records: 100_000, bytes: 1_000_000 },
  ...more,
})

async function planned(count: number, positions: Record<string, SourceProgress>, blind = false) {
  let plan: Awaited<ReturnType<typeof planEpoch>> = 'idle'
  await withParts([new Shelf().connector], async (parts) => {
    const source = node('numbers', 'SOURCE', 'shelf', { count, select: 'n', blind }, 'BIGINT n', 2)
    const graph = chainOf([source, node('shelf', 'SINK', 'shelf', {}, 'BIGINT n', 2)], [edge('numbers', 'shelf')])
    const phase = graph.phases[0]!
    const run = { settings: someSettings, parameters: {}, logicalTime: at, executionId: 'e', lineageId: 'l', graph }
    plan = await planEpoch({ ...run, phase, epoch: 4, at, positions }, parts, new AbortController().signal)
  })
  return plan
}

describe('planning an epoch', () => {
  test('shares the first budget among the subtasks, and says where it will end', async () => {
    expect(await planned(250_000, {})).toEqual({
      epoch: 4,
      phase: 1,
      at,
      end: false,
      sources: {
        numbers: {
          splits: [[{ from: 0, to: 50_000 }], [{ from: 50_000, to: 100_000 }]],
          to: 100_000,
          end: false,
          budget: { records: 100_000, bytes: 16 * 1024 * 1024 },
        },
      },
    })
  })

  test('knows its end', async () => {
    expect(await planned(120_000, { numbers: progress(100_000) })).toMatchObject({ end: true })
  })

  test('plans an empty epoch to end with, where the end is found only afterwards', async () => {
    const plan = await planned(100, { numbers: progress(100) }, true)
    expect(plan).toMatchObject({ end: true, sources: { numbers: { splits: [[], []], end: true } } })
  })

  test('is exhausted once every source has ended', async () => {
    expect(await planned(100, { numbers: progress(100, { end: true }) })).toBe('exhausted')
  })
})
