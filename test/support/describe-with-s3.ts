/** Tests that need buckets: one S3 server for each file of tests. */
import { afterAll, beforeAll, describe } from '@jest/globals'
import { bucketPath } from '../../connectors/file/bucket-path.js'
import type { S3Connection } from '../../connectors/file/config.js'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { s3Program } from '../../scripts/setup/s3-program.mjs'
import type { Bucket } from '../../storage/bucket.js'
import { type LentS3, withS3 } from './lend-s3.js'

export interface LentBucket {
  readonly s3: LentS3
  readonly connection: S3Connection
  readonly bucket: Bucket
}

const program = (await s3Program()) as string | null
if (program === null) console.warn('Tests of S3 are left out: set ETL_TEST_S3_SERVER to versitygw, or install Go')

/** Without a server they are skipped, and that is said. `lent` is there once a test runs. */
export function describeWithS3(name: string, tests: (lent: LentBucket) => void): void {
  const run = program === null ? describe.skip : describe
  run(name, () => {
    const lent = {} as { -readonly [Name in keyof LentBucket]: LentBucket[Name] }
    let giveBack: () => void = () => undefined
    let over: Promise<void> | undefined
    beforeAll(async () => {
      await new Promise<void>((given, failed) => {
        over = withS3(async (s3) => {
          const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = s3.credentials
          lent.s3 = s3
          lent.connection = {
            endpoint: s3.endpoint,
            accessKeyId: AWS_ACCESS_KEY_ID,
            secretAccessKey: AWS_SECRET_ACCESS_KEY,
          }
          const ctx = { base: '/', fileRoots: null, signal: new AbortController().signal }
          lent.bucket = bucketPath(`s3://${s3.bucket}`, lent.connection, ctx).bucket
          given()
          await new Promise<void>((resolve) => {
            giveBack = resolve
          })
        })
        over.catch(failed)
      })
    }, 60_000)
    afterAll(async () => {
      giveBack()
      await over
    })
    tests(lent)
  })
}

export async function keysOf(bucket: Bucket, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of bucket.list(prefix)) keys.push(key)
  return keys
}
