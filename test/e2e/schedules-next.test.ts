/** `etl schedules next` as a user calls it: no server, no variables. */
import { expect, test } from '@jest/globals'
import { inPlace, type Place } from './run-etl.js'

async function next(place: Place, ...args: readonly string[]) {
  const { code, out, err } = await place.etl(['schedules', 'next', ...args])
  return { code, out, err }
}

test('the next times of an expression are told, as JSON and in words', async () => {
  await inPlace(async (place) => {
    const from = ['--timezone', 'UTC', '--from', '2026-01-01T00:00:00Z']
    const hourly = await next(place, '--expression', '0 0 * * * ?', ...from, '--count', '10', '--json')
    const hours = Array.from({ length: 10 }, (_, index) => `2026-01-01T${String(index + 1).padStart(2, '0')}:00:00Z`)
    expect(JSON.parse(hourly.out)).toEqual({ next: hours, description: 'At minute 0 of every hour, every day.' })
    expect([hourly.code, hourly.err]).toEqual([0, ''])
    const words = await next(
      place,
      '--expression',
      '30 2 * * *',
      '--timezone',
      'Europe/Berlin',
      '--from',
      '2026-03-29T00:00:00+01:00',
      '--count',
      '1',
    )
    expect(words.out).toMatch(/At 02:30, every day\.[\s\S]*2026-03-29T01:00:00Z {2}2026-03-29 03:00:00\n$/)
    const never = await next(place, '--expression', '0 0 0 30 2 ?', ...from, '--json')
    expect([never.code, JSON.parse(never.out).next]).toEqual([0, []])
  })
})

test('what cannot be is refused with exit 2, its field and its reason', async () => {
  await inPlace(async (place) => {
    const wrong = await next(place, '--expression', '0 60 25 * * ?', '--timezone', 'Berlin', '--json')
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.out).errors).toMatchObject([
      { pointer: '/expression', field: 'minutes', message: expect.stringContaining('`60`') },
      { pointer: '/expression', field: 'hours', message: expect.stringContaining('`25`') },
      { pointer: '/timezone', hint: 'Did you mean `Europe/Berlin`?' },
    ])
    const minutely = ['--expression', '* * * * *']
    for (const more of [
      ['--count', '0'],
      ['--count', '1001'],
      ['--from', 'tomorrow'],
      ['--from', '2026-02-30T00:00:00Z'],
    ]) {
      const { code, err } = await next(place, ...minutely, ...more)
      expect([more, code]).toEqual([more, 2])
      expect(err).toContain(more[0])
    }
    expect((await next(place)).code).toBe(2)
  })
})
