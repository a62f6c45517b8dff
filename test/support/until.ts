import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until it is so. What fails to answer counts as not yet. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  options: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const { withinMs = 30_000, everyMs = 100 } = options
  const beganMs = Date.now()
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer
    } catch (error) {
      last = error
    }
    if (Date.now() - beganMs > withinMs)
      throw new Error(`Not so within ${withinMs} ms: ${what}`, last === undefined ? undefined : { cause: last })
    await sleep(everyMs)
  }
}
