import { expect, test } from '@jest/globals'
import { describeCron } from '../../../../core/schedule/describe-cron.js'
import { parseCron } from '../../../../core/schedule/parse-cron.js'

test.each([
  ['0 0 * * * ?', 'At minute 0 of every hour, every day.'],
  ['0 0 5 * * ?', 'At 05:00, every day.'],
  ['30 0 5,17 * * ?', 'At 05:00:30 and 17:00:30, every day.'],
  ['* * * * * ?', 'Every second, every day.'],
  ['*/10 * * * * ?', 'Every 10 seconds, every day.'],
  ['* 5 * * * ?', 'Every second of minute 5 of every hour, every day.'],
  ['0 0/5 14,18 * * ?', 'Every 5 minutes of hours 14 and 18, every day.'],
  ['0 5/20 9-17 * * ?', 'Every 20 minutes from minute 5 of hours 9 to 17, every day.'],
  ['0 */59 * * * ?', 'At minutes 0 and 59 of every hour, every day.'],
  ['0 0 12 ? * FRI-MON', 'At 12:00, on Monday and Friday to Sunday.'],
  ['0 0 12 ? * L', 'At 12:00, on Saturday.'],
  ['0 0 12 ? * 6#3', 'At 12:00, on the third Friday of the month.'],
  ['0 0 12 ? * 1L', 'At 12:00, on the last Sunday of the month.'],
  ['0 0 12 L-3W * ?', 'At 12:00, on the weekday nearest to the day 3 days before the last of the month.'],
  [
    '0 0 12 1,15W,L,LW * ?',
    'At 12:00, on day 1, the last day, the weekday nearest to day 15 and the last weekday of the month.',
  ],
  [
    '0 0 12 1 1-3,12 ? 2026/2',
    'At 12:00, on day 1 of the month, in January to March and December, every 2 years from 2026.',
  ],
  ['0 0 12 1 1 ? 2026,2030-2032', 'At 12:00, on day 1 of the month, in January, in 2026 and from 2030 to 2032.'],
  ['0 12 1 * 1', 'At 12:00, on day 1 of the month or on Monday.'],
  ['0 12 */15 * 1,2', 'At 12:00, on day 1, 16 and 31 of the month if it is Monday or Tuesday.'],
  ['0 12 * * 7', 'At 12:00, on Sunday.'],
  ['@daily', 'At 00:00, every day.'],
])('%s', (expression, words) => {
  const parsed = parseCron(expression)
  expect(parsed.ok && describeCron(parsed.cron)).toBe(words)
})
