import { expect, test } from '@jest/globals'
import { atFile } from '../../../cli/command/apply-failure.js'
import { FailedWithProblems } from '../../../cli/failure.js'

test('a definition that is refused is told with its file and line, and how many were applied before it', () => {
  const problem = { pointer: '/schedule/on/0', nodeId: null, code: 'spec.invalid', message: 'No such job.', hint: null }
  const refused = new FailedWithProblems('spec.invalid', 'The job is not valid.', [problem], 'Mend it.')
  const lineOf = (pointer: string) => (pointer === '/schedule/on/0' ? 7 : 1)
  const definition = { kind: 'job' as const, value: { name: 'down' }, file: 'jobs/down.yaml', lineOf }
  const told = atFile(refused, definition, 2)
  expect(told).toMatchObject({
    code: 'spec.invalid',
    hint: 'Mend it.',
    problems: [{ message: 'line 7: No such job.' }],
  })
  expect(told.message).toContain('jobs/down.yaml:7: job down: The job is not valid.')
  expect(told.message).toContain('2 of')
  expect(atFile(new Error('x'), definition, 0).message).toContain('nothing had been applied')
})
