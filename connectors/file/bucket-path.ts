import { JobError } from '../../core/errors/job-error.js'
import { type Bucket, type BucketUse, openBucket } from '../../storage/bucket.js'
import type { ConnectorContext } from '../spi.js'
import type { S3Connection } from './config.js'

export const isInBucket = (path: string): boolean => /^s3:\/\//i.test(path)

export const use: BucketUse = {
  what: 'the bucket',
  setting: 'the path or its connection',
  instead: 'a folder on a shared disk',
  whenFull: 'Free space there.',
  whenTooLarge: 'Say `maxFileSize: 1GiB`, or less.',
  credentials: 'Name a `connection` that holds them, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  wrong: 'config.invalid',
  failed: 'connection.refused',
}

export interface BucketPath {
  readonly bucket: Bucket
  /** What follows the bucket's name; no slash at either end. */
  readonly key: string
}

/** Where `s3://bucket/key` points. What the worker's own credentials may open is bounded by the roots. */
export function bucketPath(path: string, connection: S3Connection | null, ctx: ConnectorContext): BucketPath {
  const [, name = '', rest = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(path) ?? []
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw new JobError('config.invalid', `The path ${path} does not name a bucket: s3://bucket/folder/file.`, {
      pointer: '/path',
    })
  }
  const key = rest.replace(/\/+$/, '')
  if (key.split('/').some((segment) => segment === '..' || segment === '.' || (segment === '' && key !== ''))) {
    throw new JobError('config.invalid', `The path ${path} holds an empty name, \`.\` or \`..\`.`, { pointer: '/path' })
  }
  if (connection?.accessKeyId === undefined) insideRoots(path, `s3://${name}/${key}/`, ctx)
  return { bucket: bucketOf(name, connection), key }
}

/** A connection brings its own credentials, and so may go where these may. */
function insideRoots(shown: string, path: string, { fileRoots }: ConnectorContext): void {
  if (fileRoots === null) return
  if (fileRoots.some((root) => isInBucket(root) && path.startsWith(`${root.replace(/\/+$/, '')}/`))) return
  throw new JobError('config.invalid', `The path ${shown} lies outside the folders that file paths may touch.`, {
    pointer: '/path',
    hint: 'Name a `connection` with credentials of its own, or add s3://bucket/folder to ETL_FILE_ROOTS.',
  })
}

/** One client for all who ask for the same: it keeps its connections open. */
const buckets = new Map<string, Bucket>()
const mostBuckets = 64

function bucketOf(bucket: string, connection: S3Connection | null): Bucket {
  const place = placeOf(bucket, connection)
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE } = process.env
  const known = JSON.stringify([place, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE])
  const opened = buckets.get(known) ?? openBucket(place, use)
  buckets.delete(known)
  buckets.set(known, opened)
  const [oldest] = buckets.keys()
  if (buckets.size > mostBuckets && oldest !== undefined) buckets.delete(oldest)
  return opened
}

/** What the connection does not say, the environment does. */
export function placeOf(bucket: string, connection: S3Connection | null) {
  const endpoint = connection?.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL ?? null
  const { accessKeyId, secretAccessKey, sessionToken } = connection ?? {}
  return {
    bucket,
    endpoint,
    region: connection?.region ?? null,
    pathStyle: connection?.pathStyle ?? endpoint !== null,
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      }),
  }
}
