/** What the soak's tables must hold in the end, computed from the events alone. */
import type { Event } from './events.js'

export const windowMs = 10_000
export const gapMs = 20_000
export const regionOf = (user: number): string => `r${user % 7}`

export type Row = readonly string[]

export function expectedTables(events: readonly Event[]): Readonly<Record<string, readonly Row[]>> {
  const inTime = events.filter(({ late }) => !late)
  return {
    seen: [[String(events.length), String(events.length), String(sum(events.map(({ cents }) => cents)))]],
    late: [counted(events.filter(({ late }) => late))],
    totals: grouped(events, ({ user }) => regionOf(user)),
    windows: grouped(inTime, ({ user, at }) => `${regionOf(user)}|${iso(at - (at % windowMs))}`),
    sessions: sessionsOf(inTime),
  }
}

function grouped(events: readonly Event[], keyOf: (event: Event) => string): Row[] {
  const groups = new Map<string, Event[]>()
  for (const event of events) {
    const key = keyOf(event)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [event])
    else group.push(event)
  }
  return [...groups].map(([key, group]) => [key, ...counted(group)]).sort(byText)
}

function sessionsOf(events: readonly Event[]): Row[] {
  const rows: Row[] = []
  let open: Event[] = []
  const close = () => {
    if (open.length === 0) return
    const [first, last] = [open[0]!, open.at(-1)!]
    rows.push([`${first.user}|${iso(first.at)}|${iso(last.at + gapMs)}`, ...counted(open)])
    open = []
  }
  for (const event of events.toSorted((a, b) => a.user - b.user || a.at - b.at)) {
    const before = open.at(-1)
    if (before !== undefined && (before.user !== event.user || event.at > before.at + gapMs)) close()
    open.push(event)
  }
  close()
  return rows.sort(byText)
}

const counted = (events: readonly Event[]): Row => [
  String(events.length),
  String(sum(events.map(({ cents }) => cents))),
]

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

const byText = ([a]: Row, [b]: Row) => (a! < b! ? -1 : 1)

const iso = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
