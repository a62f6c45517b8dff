import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectorContext } from '../spi.js'
import { absolutePath } from './paths.js'
import { expandPattern, matcherOf } from './pattern.js'
import type { FilePosition } from './position.js'
import { untilListed } from './watch.js'

const everyMs = 1000

/** Until there is a file that the listing does not know. */
export async function awaitFiles(path: string, { files }: FilePosition, ctx: ConnectorContext): Promise<void> {
  const { signal } = ctx
  const known = new Set(files.map((file) => file.path))
  const absolute = await absolutePath(path, ctx)
  const folder = dirname(absolute)
  const matches = matcherOf(absolute)
  if (matches !== null)
    return await untilListed(folder, (name) => matches(name) && !known.has(join(folder, name)), signal)
  // Files of several folders.
  while (!signal.aborted) {
    const { paths } = await expandPattern(absolute)
    if (paths.some((found) => !known.has(found))) return
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
