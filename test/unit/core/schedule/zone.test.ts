/** When clocks of a time zone show what. */
import { describe, expect, it, test } from '@jest/globals'
import fc from 'fast-check'
import { openZone, type Zone } from '../../../../core/schedule/zone.js'
import { zoneHint } from '../../../../core/schedule/zone-names.js'

const DAY = 86_400_000

/** With what clocks showed for a week, and for 24 hours that there were not. */
const names = [
  'America/Noronha',
  'Asia/Gaza',
  'Pacific/Apia',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/St_Johns',
]
const moment = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2099, 0, 1) })

const zoneOf = (name: string): Zone => openZone(name)!

function shownAt(zone: string, utc: number): number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return Date.parse(`${format.format(utc)}Z`)
}

test('the offset is what clocks show, at any moment', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), moment, (name, at) => {
      const second = Math.floor(at / 1000) * 1000
      expect(second + zoneOf(name).offsetAt(at)).toBe(shownAt(name, second))
    }),
    { numRuns: 500 },
  )
})

test('the offset is right at each change of the clocks, to the second', () => {
  for (const name of names) {
    const zone = zoneOf(name)
    let seen = 0
    for (let at = Date.UTC(1995, 0, 1), end = Date.UTC(2045, 0, 1); ; seen++) {
      const change = zone.changeBetween(at, end)
      if (change === null) break
      for (const moment of [change.at - 1000, change.at])
        expect(moment + zone.offsetAt(moment)).toBe(shownAt(name, moment))
      expect(change.after).not.toBe(change.before)
      at = change.at
    }
    expect(seen).toBeGreaterThan(5)
  }
})

test('the shortest time between two changes is seen', () => {
  const changes = (name: string, from: number, to: number) => {
    const first = zoneOf(name).changeBetween(from, to)!
    return [first.at, zoneOf(name).changeBetween(first.at, to)!.at].map((at) => new Date(at).toISOString().slice(0, 13))
  }
  expect(changes('America/Noronha', Date.UTC(2000, 8, 1), Date.UTC(2000, 11, 1))).toEqual([
    '2000-10-08T02',
    '2000-10-15T01',
  ])
})

describe('a time on the wall', () => {
  const settle = (name: string, wall: string) => zoneOf(name).settle(Date.parse(`${wall}Z`))
  const at = (moment: string) => Date.parse(moment)

  it('is there once, twice, or never', () => {
    expect(settle('Europe/Berlin', '2026-03-29T01:59:59')).toEqual({ kind: 'ONCE', at: at('2026-03-29T00:59:59Z') })
    expect(settle('Europe/Berlin', '2026-03-29T02:00:00')).toMatchObject({
      kind: 'NEVER',
      change: { at: at('2026-03-29T01:00Z') },
    })
    expect(settle('Europe/Berlin', '2026-03-29T03:00:00')).toEqual({ kind: 'ONCE', at: at('2026-03-29T01:00Z') })
    const [first, second] = [at('2026-10-25T00:00Z'), at('2026-10-25T01:00Z')]
    expect(settle('Europe/Berlin', '2026-10-25T02:00:00')).toEqual({ kind: 'TWICE', first, second })
    expect(settle('Europe/Berlin', '2026-10-25T03:00:00')).toEqual({ kind: 'ONCE', at: at('2026-10-25T02:00Z') })
    expect(settle('Pacific/Apia', '2011-12-30T12:00:00').kind).toBe('NEVER')
  })

  it('is shown by clocks when it is said to be', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), moment, (name, wall) => {
        const second = Math.floor(wall / 1000) * 1000
        const settled = zoneOf(name).settle(second)
        const moments =
          settled.kind === 'ONCE' ? [settled.at] : settled.kind === 'TWICE' ? [settled.first, settled.second] : []
        for (const one of moments) expect(shownAt(name, one)).toBe(second)
      }),
      { numRuns: 500 },
    )
  })
})

test('a zone that there is not is told with the one that was meant', () => {
  expect(openZone('Europe/Berlim')).toBeNull()
  expect(openZone('europe/berlin')).not.toBeNull()
  for (const name of ['Europe/Berlim', 'Berlin', 'berlin']) expect(zoneHint(name)).toBe('Did you mean `Europe/Berlin`?')
  expect(zoneHint('New York')).toBe('Did you mean `America/New_York`?')
  expect(zoneHint('UTCC')).toBe('Did you mean `UTC`?')
  expect(zoneHint('Middle of nowhere')).toMatch(/IANA/)
})

test('a change is looked for between moments, and not at the first', () => {
  const zone = zoneOf('Europe/Berlin')
  const change = Date.parse('2026-03-29T01:00Z')
  expect(zone.changeBetween(change - DAY, change)?.at).toBe(change)
  expect(zone.changeBetween(change, change + DAY)).toBeNull()
  expect(zone.changeBetween(change - DAY, change - 1)).toBeNull()
})
