import type { SinkKey } from '../spi.js'
import type { Manifest } from './commit-log.js'
import { concatenate } from './concatenate.js'
import { epochOf, partPrefix, readStarted, readyFolder, sinkFolder, stagedFolder, type Target } from './target.js'

/**
 * Gives committed parts their final names, or sets them by until the job ends. Done again by whoever comes next, so a
 * writer that dies in between is made good.
 */
export async function publishParts(
  target: Target,
  key: SinkKey,
  log: string,
  { parts }: Manifest,
  atEnd: boolean,
): Promise<void> {
  const folder = atEnd ? `${readyFolder(target, key)}/` : ''
  const moves = parts.map(({ staged, final }) => ({ from: `${stagedFolder(log)}/${staged}`, to: folder + final }))
  if (moves.length > 0) await target.files.rename(moves)
}

/**
 * REPLACE: the new parts appear, and what was there before goes. Once: later files are none of its business.
 * `check` throws if somebody else has begun to finish in the meantime.
 */
export async function replaceParts(target: Target, key: SinkKey, check: () => Promise<void>): Promise<void> {
  const { files } = target
  const done = 'replaced.json'
  if (await isThere(target, key, done)) return
  const started = await readStarted(target, key)
  const ready = await files.below(readyFolder(target, key))
  await files.rename(ready.map((part) => ({ from: `${readyFolder(target, key)}/${part}`, to: part })))
  const visible = await files.below('')
  await check()
  await files.remove(visible.filter((name) => isInPartition(name) && !(started && isPartOf(name, partPrefix(started)))))
  await files.create(`${sinkFolder(target, key)}/${done}`, '{}')
}

/** In the folder itself, or where `partitionBy` puts it: other folders are somebody else's. */
const isInPartition = (name: string) =>
  name
    .split('/')
    .slice(0, -1)
    .every((folder) => folder.includes('='))

const isPartOf = (name: string, prefix: string) => (name.split('/').at(-1) ?? '').startsWith(prefix)

/**
 * All parts in commit order as one file at `path`, after what was there before if that is to stay. `check` as above: each
 * writes a file of its own, and only the newest one's becomes the target.
 */
export async function publishSingleFile(
  target: Target & { readonly single: string },
  key: SinkKey,
  epoch: number,
  check: () => Promise<void>,
  keepOld: boolean,
): Promise<void> {
  const { files, single } = target
  const folder = sinkFolder(target, key)
  const published = await publishedEpochs(target, key)
  if (published.includes(epoch)) return
  const old = keepOld || published.length > 0 ? await keepBefore(target, key, epoch) : null
  // Published by somebody else since it was asked: what was kept may be the result.
  if ((await publishedEpochs(target, key)).includes(epoch)) {
    if (old !== null) await files.remove([old])
    return
  }
  const since = Math.max(-1, ...published)
  const ready = (await files.below(readyFolder(target, key)))
    .toSorted()
    .map((part) => `${readyFolder(target, key)}/${part}`)
  const schema = (await readStarted(target, key))?.schema ?? []
  try {
    const parts = ready.filter((part) => epochOf(part) > since)
    await concatenate(target, { old, parts, schema }, async (whole) => {
      await check()
      await files.put(whole, single)
    })
    await files.create(`${folder}/published-${epoch}.json`, '{}')
  } catch (error) {
    // Whoever went on beside this one may have been further, and has taken the parts away.
    if (!(await publishedEpochs(target, key)).includes(epoch)) throw error
  }
  await files.remove([...ready.filter((part) => epochOf(part) <= epoch), ...(old === null ? [] : [old])])
}

/** A lineage may go on after it was published: epoch by which it last was. */
async function publishedEpochs(target: Target, key: SinkKey): Promise<readonly number[]> {
  const names = (await target.files.names(sinkFolder(target, key))) ?? []
  return names.flatMap((name) => {
    const epoch = /^published-(\d+)\.json$/.exec(name)?.[1]
    return epoch === undefined ? [] : [Number(epoch)]
  })
}

/** What was there when publishing began; tried again, it finds that one and not its own result. */
async function keepBefore(target: Target & { readonly single: string }, key: SinkKey, epoch: number) {
  const { files, single } = target
  const folder = sinkFolder(target, key)
  const kept = `before-${epoch}`
  const none = `before-${epoch}-nothing`
  if (await isThere(target, key, none)) return null
  if ((await isThere(target, key, kept)) || (await files.keep(single, `${folder}/${kept}`))) return `${folder}/${kept}`
  await files.create(`${folder}/${none}`, '')
  return null
}

const isThere = async (target: Target, key: SinkKey, name: string) =>
  ((await target.files.names(sinkFolder(target, key))) ?? []).includes(name)
