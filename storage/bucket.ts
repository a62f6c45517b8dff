import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../core/errors/job-error.js'
import { type BucketPlace, openS3, type S3 } from './s3-client.js'
import {
  type BucketUse,
  isAtTheSameTime,
  isForbidden,
  isMissing,
  isNotFound,
  isPassing,
  isTaken,
  s3Fault,
} from './s3-fault.js'

export type { BucketUse } from './s3-fault.js'

export interface ObjectFacts {
  readonly key: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Another one for other bytes. */
  readonly etag: string
}

/** Objects by their whole keys. What may go well when asked again is asked again; else errors are for people. */
export interface Bucket {
  readonly place: BucketPlace
  /** null: no such object. */
  facts(key: string): Promise<ObjectFacts | null>
  /** All of it into a local file. false: no such object, or, where a tag is given, another one. */
  download(key: string, file: string, etag?: string): Promise<boolean>
  /** Some of it, from one offset up to another. null: as above. */
  bytes(key: string, range: { readonly from: number; readonly to: number }, etag?: string): Promise<Uint8Array | null>
  /** null: no such object. */
  text(key: string): Promise<string | null>
  put(key: string, body: Body): Promise<{ readonly sizeBytes: number }>
  /** Creates an object only if there is none; false if there was one. */
  create(key: string, body: Body): Promise<boolean>
  /** false: there is nothing to copy. */
  copy(from: string, to: string): Promise<boolean>
  list(prefix: string): AsyncGenerator<ObjectFacts, void, void>
  remove(key: string): Promise<void>
  /** Throws where two may both create one object. `key`: of an object that may be made for it. */
  checkCreates(key: string): Promise<void>
}

export type Body = { readonly file: string } | { readonly text: string }

/** One PUT, or one copy, holds no more. */
const largest = 5 * 1024 ** 3
const tries = 4
const firstPauseMs = 200

/** `use`: what it holds, for people. */
export function openBucket(place: BucketPlace, use: BucketUse): Bucket {
  const open = once(() => openS3(place))
  const ask: Ask = async (what, run) => {
    try {
      return await again(async () => await run(await open()))
    } catch (error) {
      throw s3Fault(what, error, place, use)
    }
  }
  return { place, ...reading(place.bucket, ask), ...writing(place.bucket, ask, use) }
}

type Ask = <T>(what: string, run: (s3: S3) => Promise<T>) => Promise<T>

function reading(Bucket: string, ask: Ask): Pick<Bucket, 'facts' | 'download' | 'bytes' | 'text' | 'list'> {
  async function get(s3: S3, Key: string, only: { etag?: string | undefined; Range?: string } = {}) {
    const { etag, ...range } = only
    try {
      const wanted = { Bucket, Key, ...range, ...(etag !== undefined && { IfMatch: etag }) }
      return (await s3.client.send(new s3.GetObjectCommand(wanted))).Body as Readable
    } catch (error) {
      if (isMissing(error) || (etag !== undefined && isTaken(error))) return null
      throw error
    }
  }

  return {
    facts: (key) =>
      ask(`look at ${key}`, async (s3) => {
        try {
          const found = await s3.client.send(new s3.HeadObjectCommand({ Bucket, Key: key }))
          return factsOf(key, found.ContentLength, found.LastModified, found.ETag)
        } catch (error) {
          if (isNotFound(error)) return null
          throw error
        }
      }),

    download: (key, file, etag) =>
      ask(`read ${key}`, async (s3) => {
        try {
          const body = await get(s3, key, { etag })
          if (body === null) return false
          await pipeline(body, createWriteStream(file))
          return true
        } catch (error) {
          await rm(file, { force: true })
          throw error
        }
      }),

    bytes: (key, { from, to }, etag) =>
      ask(`read ${key}`, async (s3) => {
        const body = await get(s3, key, { etag, Range: `bytes=${from}-${to - 1}` })
        return body && (await buffer(body))
      }),

    text: (key) =>
      ask(`read ${key}`, async (s3) => {
        const body = await get(s3, key)
        return body && (await buffer(body)).toString('utf8')
      }),

    async *list(Prefix) {
      let after: string | undefined
      do {
        const page = await ask(`list ${Prefix}`, (s3) =>
          s3.client.send(new s3.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: after })),
        )
        // Some servers show folders as objects of their own.
        for (const { Key = '', Size, LastModified, ETag } of page.Contents ?? [])
          if (!Key.endsWith('/')) yield factsOf(Key, Size, LastModified, ETag)
        after = page.IsTruncated === true ? page.NextContinuationToken : undefined
      } while (after !== undefined)
    },
  }
}

type Writing = Pick<Bucket, 'put' | 'create' | 'copy' | 'remove' | 'checkCreates'>

function writing(Bucket: string, ask: Ask, use: BucketUse): Writing {
  const create = (key: string, given: Body) =>
    ask(`write ${key}`, async (s3) => {
      try {
        const body = await bodyOf(given, use)
        await s3.client.send(new s3.PutObjectCommand({ Bucket, Key: key, ...body, IfNoneMatch: '*' }))
        return true
      } catch (error) {
        if (isTaken(error)) return false
        throw error
      }
    })

  return {
    create,

    put: (key, given) =>
      ask(`write ${key}`, async (s3) => {
        const body = await bodyOf(given, use)
        await s3.client.send(new s3.PutObjectCommand({ Bucket, Key: key, ...body }))
        return { sizeBytes: body.ContentLength }
      }),

    copy: (from, to) =>
      ask(`copy ${from}`, async (s3) => {
        try {
          const CopySource = `${Bucket}/${from.split('/').map(encodeURIComponent).join('/')}`
          await s3.client.send(new s3.CopyObjectCommand({ Bucket, Key: to, CopySource }))
          return true
        } catch (error) {
          if (isMissing(error)) return false
          throw error
        }
      }),

    remove: (key) =>
      ask(`remove ${key}`, async (s3) => {
        await s3.client.send(new s3.DeleteObjectCommand({ Bucket, Key: key }))
      }),

    async checkCreates(key) {
      await create(key, { text: 'x' })
      if (!(await create(key, { text: 'x' }))) return
      throw new JobError(use.wrong, `The S3 server of ${use.what} ignores conditional writes.`, {
        hint: `Use one that keeps If-None-Match: AWS, MinIO, Ceph, Versity; or ${use.instead}.`,
      })
    },
  }
}

/** How many buckets there are for these credentials; null: they may not ask. */
export async function countBuckets(place: BucketPlace, use: BucketUse): Promise<number | null> {
  const s3 = await openS3(place)
  try {
    return (await s3.client.send(new s3.ListBucketsCommand({}))).Buckets?.length ?? 0
  } catch (error) {
    if (isForbidden(error)) return null
    throw s3Fault('list buckets', error, place, use)
  } finally {
    s3.client.destroy()
  }
}

/** What has failed is tried anew by the next who asks. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
}

async function bodyOf(body: Body, use: BucketUse) {
  if ('text' in body) return { Body: body.text, ContentLength: Buffer.byteLength(body.text) }
  const { size } = await stat(body.file)
  if (size > largest)
    throw new JobError(use.failed, `A file of ${size} bytes is more than one object of S3 takes at once.`, {
      hint: use.whenTooLarge,
    })
  return { Body: createReadStream(body.file), ContentLength: size }
}

const factsOf = (key: string, size = 0, modified?: Date, etag = ''): ObjectFacts => ({
  key,
  sizeBytes: size,
  modifiedMs: modified?.getTime() ?? 0,
  etag,
})

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work()
    } catch (error) {
      if (tried >= tries || !(isPassing(error) || isAtTheSameTime(error))) throw error
      await sleep(firstPauseMs * 2 ** (tried - 1))
    }
  }
}
