/** What is wrong with a cron expression is said with its field, all of it at once. */
import { describe, expect, it, test } from '@jest/globals'
import { parseCron } from '../../../../core/schedule/parse-cron.js'

function refused(expression: string) {
  const parsed = parseCron(expression)
  if (parsed.ok) throw new Error(`\`${expression}\` was taken`)
  return parsed.problems
}

describe('the number of fields decides', () => {
  it('which form it is', () => {
    for (const [expression, form] of [
      ['0 5 * * *', 'UNIX'],
      ['  0   5 * *\t* ', 'UNIX'],
      ['0 0 5 * * ?', 'QUARTZ'],
      ['0 0 5 * * ? 2030', 'QUARTZ'],
      ['@daily', 'UNIX'],
    ] as const)
      expect(parseCron(expression)).toMatchObject({ ok: true, cron: { form } })
  })

  it('or none', () => {
    for (const expression of ['', '0 5 * *', '0 0 5 * * ? 2030 2031', `0 0 5 ? * ${'MON,'.repeat(70)}TUE`, '@reboot'])
      expect(refused(expression)).toMatchObject([{ field: null }])
  })
})

test('all problems are told at once, in the words of their fields', () => {
  const told = Object.fromEntries(refused('60 61 24 32 13 ? 26').map(({ field, message }) => [field, message]))
  expect(told).toEqual({
    seconds: 'Seconds: `60` is not between 0 and 59.',
    minutes: 'Minutes: `61` is not between 0 and 59.',
    hours: 'Hours: `24` is not between 0 and 23.',
    'day of month': 'Day of month: `32` is not between 1 and 31.',
    month: 'Month: `13` is not between 1 and 12.',
    year: 'Year: `26` is not between 1000 and 9999.',
  })
})

test.each([
  ['0 0 12 * * *', 'day of week', /both day fields/i, /`\?`/],
  ['0 0 12 ? * ?', 'day of week', /both day fields/i, /every day/i],
  ['0 0 12 ? * MON-FRI/2', 'day of week', /step over names/, /2-6\/2/],
  ['0 0 12 ? * MONDAY', 'day of week', /`MONDAY`/, /`MON`/],
  ['0 0 12 ? * MNO', 'day of week', /`MNO`/, /`MON`/],
  ['0 0 12 1 JANUARY ?', 'month', /`JANUARY`/, /`JAN`/],
  ['0 0 12 ? * 2-FRI', 'day of week', /mixes/, /both/],
  ['0 0 12 ? * 0', 'day of week', /between 1 and 7/, /Sunday is 1/],
  ['0 0 12 ? * FRI#6', 'day of week', /from 1 to 5/, null],
  ['0 0 12 ? * MON#1,FRI#2', 'day of week', /stands alone/, null],
  ['0 0 12 ? * 2L,3', 'day of week', /`2L`/, /stands alone/],
  ['0 0 12 L-31 * ?', 'day of month', /more than 30/, null],
  ['0 0 12 15X * ?', 'day of month', /`15X`/, null],
  ['0 0 12 1,,2 * ?', 'day of month', /empty place/, null],
  ['0 0 12 5,? * ?', 'day of month', /stands alone/, null],
  ['L 0 12 * * ?', 'seconds', /only for days/, /day fields/],
  ['*/0 0 12 * * ?', 'seconds', /step of 0/, /1/],
  ['*/60 0 12 * * ?', 'seconds', /more than 59/, null],
  ['1-70 0 12 * * ?', 'seconds', /`70`/, null],
  ['5-9-12 0 12 * * ?', 'seconds', /`5-9-12`/, null],
  ['*5 0 12 * * ?', 'seconds', /`\*5`/, /\*\/5/],
  ['0 0 12 1 1 ? 2030-2028', 'year', /ends before/, null],
  ['5/15 * * * *', 'minutes', /without a range/, /`5-59\/15`/],
  ['0 0 L * *', 'day of month', /Unix form/, /Quartz/],
  ['0 0 * * ?', 'day of week', /Unix form/, /Quartz/],
  ['0 0 * * fri-sun', 'day of week', /ends before/, /`5-7`/],
  ['0 22-2 * * *', 'hours', /ends before/, /`22-23,0-2`/],
  ['0 0 * * 8', 'day of week', /between 0 and 7/, /Sunday is 0 and 7/],
  ['*-5 0 * * *', 'minutes', /`\*-5`/, null],
])('%s', (expression, field, message, hint) => {
  const [problem, ...others] = refused(expression)
  expect(others).toEqual([])
  expect(problem).toMatchObject({ field, message: expect.stringMatching(message) })
  if (hint === null) expect(problem!.hint ?? '').not.toMatch(/undefined|NaN/)
  else expect(problem!.hint).toMatch(hint)
})

test('a name with @ that there is not is told with the one that was meant', () => {
  expect(refused('@dayly')).toMatchObject([{ hint: 'Did you mean `@daily`?' }])
})
