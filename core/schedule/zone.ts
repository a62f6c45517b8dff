import { DAY, HOUR, SECOND } from './wall.js'

/** A time zone: how far its clocks are ahead of UTC, and when they are changed. All in milliseconds. */
export interface Zone {
  offsetAt(utc: number): number
  /** The first change after `from`, up to and with `to`. */
  changeBetween(from: number, to: number): Change | null
  /** When clocks show this. */
  settle(wall: number): Settled
}

export interface Change {
  /** The first moment with the new offset. */
  readonly at: number
  readonly before: number
  readonly after: number
}

export type Settled =
  | { readonly kind: 'ONCE'; readonly at: number }
  /** Clocks are put back: they show it twice. */
  | { readonly kind: 'TWICE'; readonly first: number; readonly second: number }
  /** Clocks are put forward over it. */
  | { readonly kind: 'NEVER'; readonly change: Change }

/** Null: there is no such zone. */
export function openZone(name: string): Zone | null {
  const key = name.toLowerCase()
  const known = opened.get(key)
  if (known !== undefined) return known
  const read = offsetReader(name)
  if (read === null) return null
  const zone = zoneOf(read)
  opened.set(key, zone)
  return zone
}

const opened = new Map<string, Zone>()

/** Since 1970 no zone has changed its clocks twice within so short a time; test/unit/core/schedule/zone.test.ts looks. */
const STRETCH = 6 * DAY
const MOST_KEPT = 20_000
/** No zone is further from UTC than this. */
const FURTHEST = 16 * HOUR

function zoneOf(read: (utc: number) => number): Zone {
  // A stretch starts a second before its first moment, so that a change at its first moment is its own.
  const offsetBefore = remembered((index) => read(index * STRETCH - SECOND))
  const changeIn = remembered((index) => {
    const [before, after] = [offsetBefore(index), offsetBefore(index + 1)]
    return before === after ? null : { at: findChange(read, index, before), before, after }
  })
  const offsetAt = (utc: number): number => {
    const index = Math.floor(utc / STRETCH)
    const change = changeIn(index)
    return change !== null && utc >= change.at ? change.after : offsetBefore(index)
  }
  const changeBetween = (from: number, to: number): Change | null => {
    for (let index = Math.floor(from / STRETCH); index * STRETCH <= to; index++) {
      const change = changeIn(index)
      if (change !== null && change.at > from && change.at <= to) return change
    }
    return null
  }
  /** The offset of walls that are far from any change; null where one is near. */
  const calmOffset = remembered((index) => {
    const near = changeBetween(index * STRETCH - FURTHEST, (index + 1) * STRETCH + FURTHEST)
    return near === null ? offsetBefore(index) : null
  })
  const settle = (wall: number): Settled => {
    const offset = calmOffset(Math.floor(wall / STRETCH))
    if (offset !== null) return { kind: 'ONCE', at: wall - offset }
    const change = changeBetween(wall - FURTHEST, wall + FURTHEST)
    if (change === null) return { kind: 'ONCE', at: wall - offsetAt(wall) }
    const old = wall - change.before
    const young = wall - change.after
    if (young < change.at) return old < change.at ? { kind: 'ONCE', at: old } : { kind: 'NEVER', change }
    return old < change.at ? { kind: 'TWICE', first: old, second: young } : { kind: 'ONCE', at: young }
  }
  return { offsetAt, changeBetween, settle }
}

/** Asked twice, answered once; what is kept has a limit. */
function remembered<Answer>(ask: (index: number) => Answer): (index: number) => Answer {
  const answers = new Map<number, Answer>()
  return (index) => {
    const known = answers.get(index)
    if (known !== undefined) return known
    if (answers.size >= MOST_KEPT) answers.clear()
    const answer = ask(index)
    answers.set(index, answer)
    return answer
  }
}

function findChange(read: (utc: number) => number, index: number, before: number): number {
  let low = index * STRETCH - SECOND
  let high = (index + 1) * STRETCH - SECOND
  while (high - low > SECOND) {
    const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND
    if (read(middle) === before) low = middle
    else high = middle
  }
  return high
}

/** Before this, years have too few digits, or zones follow the sun. */
const EARLIEST = Date.UTC(1800, 0, 1)

function offsetReader(name: string): ((utc: number) => number) | null {
  const format = formatIn(name)
  if (format === null) return null
  return (utc) => {
    const moment = Math.max(EARLIEST, utc)
    const [month, day, year, hour, minute, second] = format.format(moment).match(/\d+/g)!.map(Number)
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(moment / SECOND) * SECOND
  }
}

function formatIn(timeZone: string): Intl.DateTimeFormat | null {
  const numeric = 'numeric'
  const fields = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  } as const
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      ...fields,
    })
  } catch {
    return null
  }
}
