import { expect, test } from '@jest/globals'
import type { Triggered } from '../../../models/stores/trigger-store.js'
import { startDependants } from '../../../worker/start-dependants.js'

test('what a newer execution displaces is cancelled at once; what has ended by itself is left alone', async () => {
  const done: string[] = []
  const warned: string[] = []
  const triggered: Triggered = {
    jobId: 'job',
    executionId: 'new',
    message: null,
    triggerType: 'DEPENDENCY',
    isToStart: true,
    toCancel: ['ended', 'scheduled', 'plain'],
  }
  const workflows = {
    start: async (_type: string, { workflowId }: { workflowId: string }) => void done.push(`start ${workflowId}`),
    getHandle: (id: string) => ({
      cancel: async () => {
        if (id === 'w') throw new Error('Temporal is away')
        done.push(`cancel ${id}`)
      },
    }),
  }
  const answers = new Map([
    ['ended', null],
    ['scheduled', { status: 'RUNNING', workflowId: 'w' }],
    ['plain', { status: 'RUNNING', workflowId: null }],
  ])
  const tell = startDependants({
    triggers: { startDependants: async () => [triggered] },
    executions: { cancelIfStill: async (executionId: string) => answers.get(executionId) ?? null },
    workflows,
    log: { warn: (_details: object, message: string) => void warned.push(message) },
  } as never)
  await tell('upstream')
  expect(done).toEqual(['start etl-job/job/new', 'cancel etl-job/job/plain'])
  expect(warned).toEqual(['a cancel is carried out later'])
})
