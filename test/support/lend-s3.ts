/** A real S3 server for a test: a gateway over a folder, with a bucket. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { s3Program } from '../../scripts/setup/s3-program.mjs'
import { freePort } from './services.js'
import { until } from './until.js'

export interface LentS3 {
  /** `ETL_STORAGE_URL` of a place of its own. */
  url(prefix: string): string
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }
  kill(): Promise<void>
  start(): Promise<void>
}

const credentials = { AWS_ACCESS_KEY_ID: 'lent', AWS_SECRET_ACCESS_KEY: 'lent to a test' }

/** Without a server nothing is run, and that is said. */
export async function withS3(run: (s3: LentS3) => Promise<void>): Promise<void> {
  const program = (await s3Program()) as string | null
  if (program === null) {
    process.stderr.write('left out: no S3 server (set ETL_TEST_S3_SERVER to versitygw, or install Go)\n')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'etl-s3-'))
  const bucket = 'lent-bucket'
  await mkdir(join(folder, 'data', bucket), { recursive: true })
  await mkdir(join(folder, 'facts'))
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const begin = () =>
    spawn(
      program,
      ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', join(folder, 'facts'), join(folder, 'data')],
      {
        stdio: 'ignore',
        env: {
          PATH: process.env.PATH ?? '',
          ROOT_ACCESS_KEY: credentials.AWS_ACCESS_KEY_ID,
          ROOT_SECRET_KEY: credentials.AWS_SECRET_ACCESS_KEY,
        },
      },
    )
  let running = begin()
  const answers = () => until('the S3 server answers', () => fetch(endpoint).then(() => true), { withinMs: 30_000 })
  const kill = async () => {
    if (running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }
  const before = { ...process.env }
  try {
    await answers()
    Object.assign(process.env, credentials)
    await run({
      url: (prefix) => `s3://${bucket}/${prefix}?endpoint=${endpoint}`,
      endpoint,
      bucket,
      credentials,
      kill,
      start: async () => {
        running = begin()
        await answers()
      },
    })
  } finally {
    for (const name of Object.keys(credentials)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
}
