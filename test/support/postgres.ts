/** PostgreSQL lent to tests: one server for each file of tests, or that of `ETL_TEST_POSTGRES_URL`. */
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe } from '@jest/globals'
import { Client } from 'pg'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { postgresFolder } from '../../scripts/setup/postgres-program.mjs'
import { freePort, restartable, type Service } from './services.js'

export interface LentPostgres {
  readonly url: string
  /** A fresh, empty database; its URL is given to `run`. */
  withDatabase<T>(run: (url: string) => Promise<T>): Promise<T>
}

const given = process.env.ETL_TEST_POSTGRES_URL ?? null

const programs: string | null =
  given !== null
    ? null
    : await (postgresFolder() as Promise<string>).catch((error: Error) => {
        console.warn(`Tests of PostgreSQL are left out: ${error.message}`)
        return null
      })

export function describeWithPostgres(name: string, tests: (postgres: LentPostgres) => void): void {
  const run = given !== null || programs !== null ? describe : describe.skip
  run(name, () => {
    const lent = {
      url: given ?? '',
      withDatabase: <T>(use: (url: string) => Promise<T>) => withDatabase(lent.url, use),
    }
    let folder: string | undefined
    let server: Service | undefined
    beforeAll(async () => {
      if (given !== null) return
      folder = await mkdtemp(join(tmpdir(), 'etl-postgres-'))
      server = await privatePostgres(folder)
      await server.start()
      lent.url = server.address
    }, 60_000)
    afterAll(async () => {
      await server?.kill()
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    })
    tests(lent)
  })
}

export async function privatePostgres(folder: string): Promise<Service> {
  const data = join(folder, 'postgres')
  await mkdir(data, { recursive: true })
  // It does not run as root: then as nobody, who has to come to its folder.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  if (nobody.uid !== undefined) {
    await chown(data, nobody.uid, nobody.gid)
    await chmod(folder, 0o711)
  }
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync']
  await promisify(execFile)(join(programs!, 'initdb'), initdb, { cwd: data, ...nobody })
  const port = await freePort()
  // What it shares goes with its folder: it is killed, and would leave it in memory for good.
  const shared = ['-c', 'dynamic_shared_memory_type=mmap']
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-F', ...shared]
  const address = `postgres://postgres@127.0.0.1:${port}/postgres`
  const launch = () => spawn(join(programs!, 'postgres'), options, { stdio: 'ignore', cwd: data, ...nobody })
  return restartable(address, launch, async () => {
    await onPostgres(address, 'SELECT 1')
  })
}

/** One statement, or several, on a connection of its own; the rows of the last. */
export async function onPostgres(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    const answer = (await client.query(sql)) as unknown as
      | { rows: Record<string, unknown>[] }
      | { rows: Record<string, unknown>[] }[]
    return Array.isArray(answer) ? answer.at(-1)!.rows : answer.rows
  } finally {
    await client.end()
  }
}

async function withDatabase<T>(server: string, run: (url: string) => Promise<T>): Promise<T> {
  const name = `lent_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
  await onPostgres(server, `CREATE DATABASE ${name}`)
  try {
    const url = new URL(server)
    url.pathname = `/${name}`
    return await run(url.toString())
  } finally {
    await onPostgres(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
}
