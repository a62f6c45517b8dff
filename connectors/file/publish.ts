import { randomUUID } from 'node:crypto'
import { link, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../core/errors/system-error.js'
import type { SinkKey } from '../spi.js'
import type { Manifest } from './commit-log.js'
import { concatenate } from './concatenate.js'
import { createExclusively, moveDurably, renameOnce, syncPath } from './durable.js'
import { logFolder, readStarted, sinkFolder, stagedFolder, type Target } from './target.js'

/** Gives committed parts their final names. Done again by whoever comes next, so a writer that dies in between is made good. */
export async function publishParts(target: Target, log: string, manifests: readonly Manifest[]): Promise<void> {
  for (const { parts } of manifests) {
    for (const part of parts) await renameOnce(join(stagedFolder(log), part.staged), join(target.folder, part.final))
  }
  await syncPath(target.folder)
}

/**
 * REPLACE: the new parts appear, and what was there before goes. Once: later files are none of its business.
 * `check` throws if somebody else has begun to finish in the meantime.
 */
export async function replaceParts(
  target: Target,
  keys: readonly SinkKey[],
  manifests: ReadonlyMap<SinkKey, readonly Manifest[]>,
  check: () => Promise<void>,
): Promise<void> {
  const done = join(sinkFolder(target, keys[0]!), 'replaced.json')
  if (await exists(done)) return
  for (const [key, own] of manifests) await publishParts(target, logFolder(target, key), own)
  const mine = new Set([...manifests.values()].flat().flatMap(({ parts }) => parts.map((part) => part.final)))
  const entries = await readdir(target.folder, { withFileTypes: true })
  await check()
  for (const entry of entries) {
    if (/^[._]/.test(entry.name) || mine.has(entry.name) || !entry.isFile()) continue
    await rm(join(target.folder, entry.name), { force: true })
  }
  await syncPath(target.folder)
  await createExclusively(done, '{}')
}

/**
 * All parts in commit order as one file at `path`, after what was there before if that is to stay. `check` as above: each
 * writes a file of its own, and only the newest one's becomes the target.
 */
export async function publishSingleFile(
  target: Target,
  keys: readonly SinkKey[],
  manifests: ReadonlyMap<SinkKey, readonly Manifest[]>,
  check: () => Promise<void>,
  keepOld: boolean,
): Promise<void> {
  const folder = sinkFolder(target, keys[0]!)
  const published = await publishedEpochs(folder)
  const since = Math.max(-1, ...published)
  const epoch = Math.max(0, ...[...manifests.values()].flat().map(({ mark }) => mark.epoch))
  if (published.includes(epoch)) return
  const old = keepOld || published.length > 0 ? await keepBefore(target.path, folder, epoch) : null
  // Published by somebody else since it was asked: what was kept may be the result.
  if ((await publishedEpochs(folder)).includes(epoch)) return old === null ? undefined : await rm(old, { force: true })
  const parts = orderedParts(target, manifests, since)
  const schema = (await readStarted(target, keys[0]!))?.schema ?? []
  const whole = join(folder, `whole-${randomUUID()}`)
  try {
    await concatenate(old ? [old, ...parts] : parts, whole, target.format, schema)
    await check()
    await moveDurably(whole, target.path)
    await createExclusively(join(folder, `published-${epoch}.json`), '{}')
  } catch (error) {
    // Whoever went on beside this one may have been further, and has taken the parts away.
    if (!(await publishedEpochs(folder)).includes(epoch)) throw error
  }
  if (old) await rm(old, { force: true })
  // Also those of writers that were killed half-way.
  for (const name of await readdir(folder)) if (/^whole-/.test(name)) await rm(join(folder, name), { force: true })
}

/** A lineage may go on after it was published: epoch by which it last was. */
async function publishedEpochs(folder: string): Promise<readonly number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const epoch = /^published-(\d+)\.json$/.exec(name)?.[1]
    return epoch === undefined ? [] : [Number(epoch)]
  })
}

function orderedParts(
  target: Target,
  manifests: ReadonlyMap<SinkKey, readonly Manifest[]>,
  since: number,
): readonly string[] {
  const parts = [...manifests].flatMap(([key, own]) =>
    own
      .filter(({ mark }) => mark.epoch > since)
      .flatMap((manifest) => manifest.parts)
      .map((part) => ({ ...part, path: join(stagedFolder(logFolder(target, key)), part.staged) })),
  )
  return parts.sort((a, b) => (a.final < b.final ? -1 : 1)).map((part) => part.path)
}

/** A link to what was there when publishing began; tried again, it finds that one and not its own result. */
async function keepBefore(path: string, folder: string, epoch: number): Promise<string | null> {
  const kept = join(folder, `before-${epoch}`)
  const none = join(folder, `before-${epoch}-nothing`)
  if (await exists(none)) return null
  if (await exists(kept)) return kept
  try {
    await link(path, kept)
    return kept
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    await createExclusively(none, '')
    return null
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
