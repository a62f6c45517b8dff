import { expect, test } from '@jest/globals'
import { isLost, isToStartAnew } from '../../../../core/execution/parted.js'
import type { ExecutionStatus } from '../../../../core/execution/status.js'

const row = (status: ExecutionStatus, workflowId: string | null) => ({
  executionId: 'e',
  jobId: 'j',
  status,
  workflowId,
  updatedAt: '2026-01-01T00:00:00.000Z',
})

test.each([
  // What Temporal says, how the row stands, and the workflow that it names: closed, or started anew.
  ['RUNNING', 'WAITING', 'w', [false, false]],
  ['CLOSED', 'WAITING', 'w', [true, false]],
  ['CLOSED', 'RUNNING', 'w', [true, false]],
  ['GONE', 'RUNNING', 'w', [true, false]],
  ['GONE', 'PAUSED', 'w', [true, false]],
  ['GONE', 'WAITING', 'w', [false, true]],
  ['GONE', 'CREATED', 'w', [false, true]],
  ['GONE', 'CREATED', null, [false, false]],
] as const)('a workflow that is %s of an execution that is %s', (state, status, workflowId, expected) => {
  const one = row(status, workflowId)
  expect([isLost(state, one), isToStartAnew(state, one)]).toEqual(expected)
})
