import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { JobError } from '../core/errors/job-error.js'
import { checkKey, checkPrefix } from './key.js'
import { isAtTheSameTime, isMissing, isPassing, isTaken, s3Fault } from './s3-fault.js'
import type { S3Place } from './s3-url.js'
import type { ObjectStore } from './store.js'

/** One PUT holds no more. */
const largest = 5 * 1024 ** 3
const tries = 4
const firstPauseMs = 200

/** Objects of a bucket below a prefix. One PUT makes an object whole or not at all. */
export function s3Store(place: S3Place): ObjectStore {
  const { bucket: Bucket, prefix } = place
  const keyOf = (key: string) => prefix + checkKey(key)
  const open = once(() => openS3(place))
  const guarded = async <T>(what: string, run: (s3: S3) => Promise<T>): Promise<T> => {
    try {
      return await again(async () => await run(await open()))
    } catch (error) {
      throw s3Fault(what, error, place)
    }
  }
  const keepsConditions = once(() => guarded('try a conditional write', (s3) => probe(s3, Bucket, prefix)))

  return {
    url: `s3://${Bucket}/${prefix}`,

    put: (key, file) =>
      guarded(`write ${key}`, async (s3) => {
        const body = await bodyOf(file)
        await s3.client.send(new s3.PutObjectCommand({ Bucket, Key: keyOf(key), ...body }))
        return { sizeBytes: body.ContentLength }
      }),

    // An answer that is lost looks like another writer: whoever then reads what is there reads its own.
    putIfAbsent: async (key, file) => {
      await keepsConditions()
      return await guarded(`write ${key}`, async (s3) => {
        const body = await bodyOf(file)
        return await created(s3, { Bucket, Key: keyOf(key), ...body })
      })
    },

    fetch: (key, folder) =>
      guarded(`read ${key}`, async (s3) => {
        const local = join(folder, `${randomUUID()}-${basename(key)}`)
        try {
          const { Body } = await s3.client.send(new s3.GetObjectCommand({ Bucket, Key: keyOf(key) }))
          await pipeline(Body as Readable, createWriteStream(local))
          return local
        } catch (error) {
          await rm(local, { force: true })
          throw isMissing(error) ? missing(key) : error
        }
      }),

    putText: (key, text) =>
      guarded(`write ${key}`, async (s3) => {
        await s3.client.send(new s3.PutObjectCommand({ Bucket, Key: keyOf(key), Body: text }))
      }),

    text: (key) =>
      guarded(`read ${key}`, async (s3) => {
        try {
          const { Body } = await s3.client.send(new s3.GetObjectCommand({ Bucket, Key: keyOf(key) }))
          return (await Body?.transformToString('utf8')) ?? ''
        } catch (error) {
          if (isMissing(error)) return null
          throw error
        }
      }),

    async *list(wanted) {
      const Prefix = prefix + checkPrefix(wanted)
      let after: string | undefined
      do {
        const page = await guarded(`list ${wanted}`, (s3) =>
          s3.client.send(new s3.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: after })),
        )
        // Some servers show folders as objects of their own.
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
          if (!Key.endsWith('/'))
            yield { key: Key.slice(prefix.length), sizeBytes: Size, modifiedMs: LastModified?.getTime() ?? 0 }
        after = page.IsTruncated === true ? page.NextContinuationToken : undefined
      } while (after !== undefined)
    },

    remove: (key) =>
      guarded(`remove ${key}`, async (s3) => {
        await s3.client.send(new s3.DeleteObjectCommand({ Bucket, Key: keyOf(key) }))
      }),
  }
}

type S3 = Awaited<ReturnType<typeof openS3>>

/** Loaded only where it is needed: it takes a while. */
async function openS3({ endpoint, region, pathStyle }: S3Place) {
  const sdk = await import('@aws-sdk/client-s3')
  const client: S3Client = new sdk.S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...regionOf(endpoint, region),
    forcePathStyle: pathStyle,
    // Not every server understands checksums that AWS came to ask for later.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: silent,
    // Asked again here, where a file is opened anew for each try.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
  })
  return { ...sdk, client }
}

/** What goes wrong is told by its error. */
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore }

function ignore(): void {}

/** Servers other than AWS seldom care, and the SDK insists on one. */
function regionOf(endpoint: string | null, region: string | null): { readonly region?: string } {
  if (region !== null) return { region }
  const named = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
  return endpoint === null || named !== undefined ? {} : { region: 'us-east-1' }
}

async function bodyOf(file: string) {
  const { size } = await stat(file)
  if (size > largest)
    throw new JobError('storage.failed', `A file of ${size} bytes is more than one object of S3 takes at once.`, {
      hint: 'Raise the parallelism of the operator whose state it is.',
    })
  return { Body: createReadStream(file), ContentLength: size }
}

async function created(s3: S3, object: ConstructorParameters<S3['PutObjectCommand']>[0]): Promise<boolean> {
  try {
    await s3.client.send(new s3.PutObjectCommand({ ...object, IfNoneMatch: '*' }))
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** A server that takes no notice of the condition would let two writers both win. */
async function probe(s3: S3, Bucket: string, prefix: string): Promise<void> {
  const object = { Bucket, Key: `${prefix}conditional-write-probe`, Body: 'x' }
  await created(s3, object)
  if (!(await created(s3, object))) return
  throw new JobError('environment.invalid', 'The S3 server of the checkpoint store ignores conditional writes.', {
    hint: 'Use one that keeps If-None-Match: AWS, MinIO, Ceph, Versity; or file:///folder on a shared disk.',
  })
}

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

/** What has failed is tried anew by the next who asks. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
}

const missing = (key: string) =>
  new JobError('storage.failed', `The checkpoint store has no object ${key}.`, {
    hint: 'It may have been removed by hand, or the storage URL names another place than when it was written.',
  })
