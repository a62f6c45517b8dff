import { expect, test } from '@jest/globals'
import { planEpoch } from '../../../activities/plan-epoch.js'
import type { Standing } from '../../../core/execution/journal.js'
import type { Next } from '../../../core/execution/plan.js'
import { aNode } from '../../support/a-node.js'
import { graphOf, someSettings } from '../engine/drive.js'
import { call, withOnes } from './ones.js'

const owner = { executionId: 'e', generation: 1, attempt: 0 }

test('after the last epoch of a phase comes the next phase, also where its plan is not to be had: in a fork', async () => {
  const planned = await planAfterPhase({ kind: 'plan', epoch: 4, phase: 2, notBefore: null })
  expect(planned).toEqual({ kind: 'plan', epoch: 4, phase: 2, notBefore: null })
})

test('after the last epoch of a phase comes the next phase, also if its sources had nothing at that moment', async () => {
  expect(await planAfterPhase({ kind: 'idle', phase: 2 })).toMatchObject({ kind: 'plan', phase: 2 })
})

test('within a phase its own sources are asked again', async () => {
  expect(await planAfterPhase({ kind: 'idle' })).toEqual({ kind: 'exhausted' })
})

/** Epoch 3 has read the side input to its end. */
async function planAfterPhase(next: Next): Promise<Next> {
  const side = aNode('side', { nodeType: 'SOURCE', kind: 'ones' })
  const main = aNode('main', { nodeType: 'SOURCE', kind: 'ones' })
  const graph = graphOf(
    [side, main],
    [],
    [['side'], ['main']],
    [
      { nodes: ['side'], stages: [['side']] },
      { nodes: ['main'], stages: [['main']] },
    ],
  )
  const ended = { position: 9, end: true, lastRecords: 9, lastDurationMs: 1, lastBudget: { records: 9, bytes: 9 } }
  const restored = { checkpointId: 'c', epoch: 3, phase: 1, positions: { side: ended }, states: [], next }
  const record = {
    graph,
    settings: { ...someSettings, type: 'STREAMING' },
    parameters: {},
  } as unknown as Standing['record']
  const deps = withOnes({
    standing: async () => ({ record, restored, pending: null, used: 3, unfit: [] }),
  })
  return await planEpoch(deps, call, owner)
}
