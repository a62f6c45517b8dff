import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { once, openBucket } from './bucket.js'
import { checkKey, checkPrefix } from './key.js'
import type { BucketUse } from './s3-fault.js'
import type { S3Place } from './s3-url.js'
import { missingObject } from './storage-fault.js'
import type { ObjectStore } from './store.js'

const use: BucketUse = {
  what: 'the checkpoint store',
  setting: 'ETL_STORAGE_URL',
  instead: 'file:///folder on a shared disk',
  whenFull: 'Free space there, or keep fewer checkpoints (checkpoint.retained).',
  credentials: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
  whenTooLarge: 'Raise the parallelism of the operator whose state it is.',
  wrong: 'environment.invalid',
  failed: 'storage.failed',
}

/** Objects of a bucket below a prefix. One PUT makes an object whole or not at all. */
export function s3Store(place: S3Place): ObjectStore {
  const { prefix } = place
  const bucket = openBucket(place, use)
  const keyOf = (key: string) => prefix + checkKey(key)
  const keepsConditions = once(() => bucket.checkCreates(`${prefix}conditional-write-probe`))

  return {
    url: `s3://${place.bucket}/${prefix}`,
    put: async (key, file) => await bucket.put(keyOf(key), { file }),

    // An answer that is lost looks like another writer: whoever then reads what is there reads its own.
    putIfAbsent: async (key, file) => {
      await keepsConditions()
      return await bucket.create(keyOf(key), { file })
    },

    fetch: async (key, folder) => {
      const local = join(folder, `${randomUUID()}-${basename(key)}`)
      if (await bucket.download(keyOf(key), local)) return local
      throw missingObject(key)
    },

    putText: async (key, text) => {
      await bucket.put(keyOf(key), { text })
    },

    text: async (key) => await bucket.text(keyOf(key)),

    async *list(wanted) {
      for await (const { key, sizeBytes, modifiedMs } of bucket.list(prefix + checkPrefix(wanted)))
        yield { key: key.slice(prefix.length), sizeBytes, modifiedMs }
    },

    remove: async (key) => await bucket.remove(keyOf(key)),
  }
}
