import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expandPattern, matcherOf } from './pattern.js'
import { untilListed } from './watch.js'

const everyMs = 1000

/** Until a path or pattern names a file that is not known. */
export async function awaitFiles(
  absolute: string,
  isKnown: (path: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const folder = dirname(absolute)
  const matches = matcherOf(absolute)
  if (matches !== null)
    return await untilListed(folder, (name) => matches(name) && !isKnown(join(folder, name)), signal)
  // Files of several folders.
  while (!signal.aborted) {
    const { paths } = await expandPattern(absolute)
    if (paths.some((found) => !isKnown(found))) return
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
