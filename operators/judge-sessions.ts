/**
 * Sessions in order of arrival, as Apache Flink's MergingWindowSet has them: which records are late depends on the sessions
 * there at that moment, and a session that has been told may grow, or be gone when another comes to touch it. Asked only
 * for keys with a record that is not clearly ahead of the watermark it met; sets tell the rest. Times in microseconds.
 */

export interface SessionRule {
  readonly gap: bigint
  readonly lateness: bigint
}

/** As state has it before the batch. */
export interface KnownSession {
  readonly key: number
  readonly start: bigint
  readonly end: bigint
  /** Something of it has not been told yet. */
  readonly isNew: boolean
}

export interface ArrivingRecord {
  readonly key: number
  readonly place: number
  readonly time: bigint
  /** The watermark that it met; null: none yet. */
  readonly met: bigint | null
}

/** What sessions are made of: one that was there before, or a record; those that were ever together have numbers in a row. */
export interface Leaf {
  readonly number: number
  readonly key: number
  /** null: a session that was there before, with its bounds. */
  readonly place: number | null
  readonly start: bigint
  readonly end: bigint
  /** It is in a session that is there after the batch. */
  readonly stays: boolean
}

/** A result that has to be told as it was, because the session is another by the end of the batch, or gone. */
export interface Told {
  readonly first: number
  readonly last: number
  readonly start: bigint
  readonly end: bigint
}

export interface JudgedSessions {
  readonly leaves: readonly Leaf[]
  readonly told: readonly Told[]
  /** Places of late records. */
  readonly late: readonly number[]
}

/** Both lists ordered by key, then by begin, or by place. */
export function judgeSessions(
  rule: SessionRule,
  known: readonly KnownSession[],
  records: readonly ArrivingRecord[],
): JudgedSessions {
  const leaves: Leaf[] = []
  const told: Told[] = []
  const late: number[] = []
  let [atSession, atRecord] = [0, 0]
  while (atRecord < records.length) {
    const { key } = records[atRecord]!
    const sessions: Session[] = []
    while (atSession < known.length && known[atSession]!.key < key) atSession += 1
    for (; known[atSession]?.key === key; atSession += 1) sessions.push(before(known[atSession]!))
    const one = new OneKey(rule, sessions)
    for (; records[atRecord]?.key === key; atRecord += 1) one.take(records[atRecord]!)
    late.push(...one.late)
    const from = leaves.length
    const numbers = new Map<Part, number>()
    for (const { session, stays } of [...one.there(), ...one.gone.map((session) => ({ session, stays: false }))])
      for (let part: Part | null = session.head; part !== null; part = part.next) {
        numbers.set(part, from + numbers.size)
        leaves.push({
          number: from + numbers.size - 1,
          key,
          place: part.place,
          start: part.start,
          end: part.end,
          stays,
        })
      }
    for (const { head, tail, start, end } of one.told)
      told.push({ first: numbers.get(head)!, last: numbers.get(tail)!, start, end })
  }
  return { leaves, told, late }
}

interface Part {
  readonly place: number | null
  readonly start: bigint
  readonly end: bigint
  next: Part | null
}

interface Session {
  readonly start: bigint
  readonly end: bigint
  readonly isNew: boolean
  readonly head: Part
  readonly tail: Part
}

function before({ start, end, isNew }: KnownSession): Session {
  const part: Part = { place: null, start, end, next: null }
  return { start, end, isNew, head: part, tail: part }
}

/** A window is over when the watermark has reached its last millisecond. */
const lastOf = (end: bigint): bigint => end - 1000n

class OneKey {
  readonly told: Session[] = []
  readonly gone: Session[] = []
  readonly late: number[] = []

  constructor(
    private readonly rule: SessionRule,
    /** In order; no two of them touch. */
    private readonly sessions: Session[],
  ) {}

  there(): { session: Session; stays: true }[] {
    return this.sessions.map((session) => ({ session, stays: true }))
  }

  take({ place, time, met }: ArrivingRecord): void {
    const { gap, lateness } = this.rule
    const end = time + gap
    const isOver = (last: bigint) => met !== null && lastOf(last) + lateness <= met
    const from = this.firstEndingAt(time)
    let to = from
    while (to < this.sessions.length && this.sessions[to]!.start <= end) to += 1
    const touched = this.sessions.slice(from, to)
    const joined = touched.filter((session) => !isOver(session.end))
    if (joined.length === 0 && isOver(end)) {
      this.late.push(place)
      return
    }
    for (const session of touched) if (isOver(session.end)) this.drop(session)
    const own: Part = { place, start: time, end, next: null }
    let [start, whole] = [time, end]
    for (const session of joined) {
      if (session.start < start) start = session.start
      if (session.end > whole) whole = session.end
    }
    for (const session of joined) {
      const isTold = met !== null && lastOf(session.end) <= met
      if (session.isNew && isTold && (session.start !== start || session.end !== whole)) this.told.push(session)
    }
    this.sessions.splice(from, to - from, { start, end: whole, isNew: true, ...linked(joined, own) })
  }

  /** Gone already when this record came: nothing can join it. */
  private drop(session: Session): void {
    if (session.isNew) this.told.push(session)
    this.gone.push(session)
  }

  private firstEndingAt(time: bigint): number {
    let [low, high] = [0, this.sessions.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.sessions[middle]!.end < time) low = middle + 1
      else high = middle
    }
    return low
  }
}

function linked(sessions: readonly Session[], own: Part): { readonly head: Part; readonly tail: Part } {
  for (const [index, session] of sessions.entries()) session.tail.next = sessions[index + 1]?.head ?? own
  return { head: sessions[0]?.head ?? own, tail: own }
}
