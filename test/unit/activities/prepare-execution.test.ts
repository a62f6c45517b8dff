import { expect, test } from '@jest/globals'
import { prepareExecution } from '../../../activities/prepare-execution.js'
import type { Standing } from '../../../core/execution/journal.js'
import type { Plan } from '../../../core/execution/plan.js'
import { aNode } from '../../support/a-node.js'
import { graphOf, someSettings } from '../engine/drive.js'
import { call, withOnes } from './ones.js'

const owner = { executionId: 'e', generation: 2, attempt: 0 }

test('a plan that drains is over with the execution that was asked to, if no sink shows it', async () => {
  expect((await preparedWith({ drains: true })).next).toMatchObject({ kind: 'plan', epoch: 5 })
})

test('any other plan is finished first', async () => {
  expect((await preparedWith({})).next).toMatchObject({ kind: 'plan', epoch: 4 })
})

/** Epoch 4 was pending when the execution before ended. */
async function preparedWith(change: Partial<Plan>) {
  const node = aNode('src', { nodeType: 'SOURCE', kind: 'ones' })
  const graph = graphOf([node], [], [['src']], [{ nodes: ['src'], stages: [['src']] }])
  const settings = { ...someSettings, type: 'STREAMING' }
  const record = { graph, settings, parameters: {}, isBehind: false } as unknown as Standing['record']
  let pending: Plan | null = { epoch: 4, phase: 1, at: '2026-01-01T00:00:00.000Z', sources: {}, end: false, ...change }
  const standing = () => ({ record, restored: null, pending, used: 4, unfit: [] })
  const deps = withOnes({
    admit: async () => ({ kind: 'admitted', owner, standing: standing() }),
    standing: async () => standing(),
    settlePlan: async () => {
      pending = null
      return true
    },
  })
  const prepared = await prepareExecution(deps, call, 'e', null)
  if (prepared === 'waiting') throw new Error('It waits.')
  return prepared
}
