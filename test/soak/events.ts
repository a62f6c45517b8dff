/** Events that a soak feeds in: out of order within a bound, some twice, some hours late; the same for the same seed. */
export interface Event {
  readonly id: number
  readonly user: number
  readonly cents: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** Hours behind all others: late for every window. */
  readonly late: boolean
}

export const users = 20_000
/** No event that is not late comes later than this behind the newest. */
export const boundMs = 5_000

export interface Feed {
  /** The next events as lines of JSON, the last ones of them perhaps again. */
  next(count: number): string
  /** All that were made, each once. */
  readonly made: readonly Event[]
}

export function feed(seed: number, eventsPerSecond: number): Feed {
  const random = seeded(seed)
  const made: Event[] = []
  const start = Date.UTC(2026, 0, 1)
  const event = (): Event => {
    const id = made.length
    const clock = start + Math.floor((id * 1000) / eventsPerSecond)
    // The first minute has none: nothing would be late for it yet.
    const late = clock > start + 60_000 && random() < 0.005
    const behind = late ? 3_600_000 : Math.floor(random() * (boundMs - 1000))
    return { id, user: Math.floor(random() * users), cents: Math.floor(random() * 10_000), at: clock - behind, late }
  }
  return {
    made,
    next: (count) => {
      const lines: string[] = []
      for (let n = 0; n < count; n++) {
        const fresh = event()
        made.push(fresh)
        lines.push(line(fresh))
        if (random() < 0.02) lines.push(line(made[Math.max(0, made.length - 1 - Math.floor(random() * 20_000))]!))
      }
      return `${lines.join('\n')}\n`
    },
  }
}

function line({ id, user, cents, at }: Event): string {
  return JSON.stringify({ id, user, cents, at: new Date(at).toISOString() })
}

/** Xorshift (Marsaglia, 2003), as a fraction. */
function seeded(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
