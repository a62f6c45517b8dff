import { expect, test } from '@jest/globals'
import { waitingFor } from '../../../cli/command/maintenance.js'

test('a run that takes its time says which task is at work, and that no worker runs only where none does', () => {
  const done = { task: 'partitions', status: 'DONE', durationMs: 1, error: null, done: [], warnings: [] } as const
  expect(waitingFor({ only: null, tasks: [] }, true)).toMatch(/^partitions is at work/)
  expect(waitingFor({ only: null, tasks: [done] }, true)).toMatch(/^retention is at work/)
  expect(waitingFor({ only: ['partitions', 'backup'], tasks: [done] }, true)).toMatch(/^backup is at work/)
  expect(waitingFor({ only: null, tasks: [] }, false)).toMatch(/^No worker is known to run/)
})
