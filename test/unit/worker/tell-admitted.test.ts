import { expect, test } from '@jest/globals'
import { WorkflowNotFoundError } from '@temporalio/client'
import { tellAdmitted } from '../../../worker/tell-admitted.js'

test('each admitted execution is told, though the workflow of one is gone and another cannot be reached', async () => {
  const told: string[] = []
  const failures = new Map<string, Error>([
    ['etl-job/j/gone', new WorkflowNotFoundError('workflow execution already completed', 'etl-job/j/gone', undefined)],
    ['etl-job/j/away', new Error('Unavailable')],
  ])
  const getHandle = (workflowId: string) => ({
    signal: async () => {
      const failure = failures.get(workflowId)
      if (failure !== undefined) throw failure
      told.push(workflowId)
    },
  })
  const warned: object[] = []
  const tell = tellAdmitted({ getHandle } as unknown as Parameters<typeof tellAdmitted>[0], {
    warn: (details) => warned.push(details),
  })
  const usual = ['gone', 'away', 'there'].map((executionId) => ({ jobId: 'j', executionId, workflowId: null }))
  await tell([...usual, { jobId: 'k', executionId: 'e', workflowId: 'etl-schedule/s-2026-01-01T00:00:00Z' }])
  expect(told).toEqual(['etl-job/j/there', 'etl-schedule/s-2026-01-01T00:00:00Z'])
  expect(warned).toMatchObject([{ executionId: 'gone', reason: 'its workflow is gone' }, { executionId: 'away' }])
})
