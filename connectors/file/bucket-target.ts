import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import { once } from '../../storage/bucket.js'
import type { BucketPath } from './bucket-path.js'
import { isHidden, type TargetFiles } from './target-files.js'

/** A folder of a bucket: what its objects' keys begin with. */
export function bucketTarget({ bucket, key }: BucketPath): TargetFiles {
  const prefix = key === '' ? '' : `${key}/`
  const keyOf = (name: string) => prefix + name
  const keepsConditions = once(() => bucket.checkCreates(keyOf('_etl/conditional-write-probe')))

  async function listed(folder: string): Promise<string[]> {
    const names: string[] = []
    for await (const object of bucket.list(keyOf(folder))) names.push(object.key.slice(prefix.length))
    return names
  }

  return {
    shown: `s3://${bucket.place.bucket}/${key}`,

    // There are no folders but in the names of objects.
    makeFolder: () => keepsConditions(),

    create: (name, text) => bucket.create(keyOf(name), { text }),
    read: (name) => bucket.text(keyOf(name)),

    names: async (folder) => {
      const names = (await listed(`${folder}/`)).map((name) => name.slice(folder.length + 1))
      return names.length === 0 ? null : names.filter((name) => !name.includes('/'))
    },

    below: async (folder) => {
      const within = folder === '' ? '' : `${folder}/`
      return (await listed(within)).map((name) => name.slice(within.length)).filter((name) => !isHidden(name))
    },

    put: async (local, name) => {
      await bucket.put(keyOf(name), { file: local })
      await rm(local, { force: true })
    },

    rename: async (moves) => {
      await inGroups(moves, async ({ from, to }) => {
        await bucket.copy(keyOf(from), keyOf(to))
        await bucket.remove(keyOf(from))
      })
    },

    keep: (name, as) => bucket.copy(keyOf(name), keyOf(as)),

    local: async (name, folder) => {
      const file = join(folder, `${randomUUID()}.fetched`)
      if (await bucket.download(keyOf(name), file)) return file
      throw new JobError('sink.refused', `There is no object ${keyOf(name)} any more.`)
    },

    remove: async (names) => {
      await inGroups(names, (name) => bucket.remove(keyOf(name)))
    },

    removeFolder: async (name) => {
      await inGroups(await listed(`${name}/`), (each) => bucket.remove(keyOf(each)))
    },
  }
}

const requestsAtOnce = 16

async function inGroups<T>(all: readonly T[], ask: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += requestsAtOnce) await Promise.all(all.slice(at, at + requestsAtOnce).map(ask))
}
