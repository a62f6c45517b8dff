/** Those who wait for one thing that is looked at for all of them. */
export interface Waiting<Wanted> {
  readonly wanted: Wanted
  readonly found: () => void
}

/** Joins them, and leaves when it is found or the signal is aborted. */
export async function untilFound<Wanted>(
  all: Set<Waiting<Wanted>>,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const leave = () => {
      all.delete(waiting)
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const waiting = { wanted, found: leave }
    all.add(waiting)
    signal.addEventListener('abort', leave, { once: true })
  })
}
