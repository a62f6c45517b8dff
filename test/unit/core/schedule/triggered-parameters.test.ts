import { expect, test } from '@jest/globals'
import { triggeredParameters } from '../../../../core/schedule/triggered-parameters.js'
import type { ParameterType } from '../../../../core/spec/settings.js'

const of = (types: Readonly<Record<string, ParameterType>>) =>
  Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, { type, default: null, description: null }] as const),
  )
const cause = { logicalTime: '2026-06-30T22:30:00.000Z', executionId: 'e1', timezone: 'UTC' }

test('a logical time is a time, or the day that it is in the time zone of the schedule', () => {
  const written = { at: '${logicalTime}', day: '${logicalTime}', text: 'at ${logicalTime}' }
  const types = of({ at: 'TIMESTAMP', day: 'DATE', text: 'STRING' })
  expect(triggeredParameters(written, types, cause)).toEqual({
    at: '2026-06-30 22:30:00',
    day: '2026-06-30',
    text: 'at 2026-06-30T22:30:00.000Z',
  })
  expect(triggeredParameters(written, types, { ...cause, timezone: 'Europe/Berlin' }).day).toBe('2026-07-01')
})

test('fields of an event are of the type that the job asks for, however deep they lie', () => {
  const event = { path: "a'b.csv", size: 12, deep: { flag: true, list: [1] } }
  const written = {
    path: '${event.path}',
    size: '${event.size}',
    flag: '${event.deep.flag}',
    list: '${event.deep.list}',
  }
  const types = of({ path: 'STRING', size: 'INT', flag: 'BOOLEAN', list: 'STRING' })
  expect(triggeredParameters(written, types, { ...cause, event })).toEqual({
    path: "a'b.csv",
    size: '12',
    flag: 'true',
    list: '[1]',
  })
})

test.each([
  [{ size: '${event.path}' }, { size: 'INT' }, "The parameter `size` is an INT, and 'x' is not."],
  [{ size: '${event.gone}' }, { size: 'INT' }, 'The event that started this has no value for ${event.gone}.'],
  [
    { size: '${event.__proto__}' },
    { size: 'STRING' },
    'The event that started this has no value for ${event.__proto__}.',
  ],
  [{ other: '1' }, { size: 'INT' }, 'The job has no parameter `other`.'],
  [{}, { size: 'INT' }, 'The parameter `size` needs a value.'],
] as const)('%j for %j is refused', (written, types, message) => {
  const run = () => triggeredParameters(written as never, of(types as never), { ...cause, event: { path: 'x' } })
  expect(run).toThrow(message)
})
