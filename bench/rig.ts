/** What benchmarks run on: databases, a namespace and processes of their own, all taken back at the end. */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { createConnection } from 'mysql2/promise'
import { createNamespace } from './namespace.js'
import { type Child, endAll, freePort, start, until } from './processes.js'
import { type Server, serverAt } from './server.js'

/** From dist/bench/ up to the checkout. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const launcher = join(checkout, 'bin', 'etl.js')

export interface Rig {
  /** Jobs and raw limits read and write below it. */
  readonly files: string
  readonly flights: string
  readonly airports: string
  /** The database that jobs write to, for the raw limit; jobs name it by `connection`. */
  readonly target: string
  readonly catalogue: string
  readonly connection: { readonly url: string }
  readonly server: Server
  readonly temporal: Client
  readonly emptyQueue: string
  /** For a command that is started as a person would. */
  readonly environment: NodeJS.ProcessEnv
  readonly pids: {
    readonly worker: number
    readonly api: number
    /** null: a server that was not started for this. */
    readonly database: number | null
    readonly temporal: number | null
  }
}

export async function withRig<T>(run: (rig: Rig) => Promise<T>): Promise<T> {
  const home = resolve(required('ETL_HOME'), 'bench')
  await mkdir(home, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(home, 'run-'))
  const files = join(folder, 'files')
  await mkdir(files)
  const databases = await createDatabases(required('ETL_MYSQL_URL'))
  const address = required('ETL_TEMPORAL_ADDRESS')
  const connection = await Connection.connect({ address })
  const children: Child[] = []
  try {
    const namespace = await createNamespace(connection)
    const data = join(checkout, 'examples', 'data')
    const environment = {
      ...process.env,
      ETL_HOME: folder,
      ETL_MYSQL_URL: databases.catalogue,
      ETL_TEMPORAL_ADDRESS: address,
      ETL_TEMPORAL_NAMESPACE: namespace,
      ETL_API_PORT: String(await freePort()),
      ETL_API_HOST: '127.0.0.1',
      ETL_FILE_ROOTS: [files, data].join(','),
      ETL_LOG_LEVEL: 'warn',
      ETL_VAR_BENCH_MYSQL: databases.target.slice('mysql://'.length),
    }
    const etl = (command: string) => start(children, launcher, [command], join(folder, `${command}.log`), environment)
    await (await etl('migrate')).ended()
    const [api, worker] = [await etl('api'), await etl('worker')]
    const emptyQueue = 'bench-empty'
    const emptyWorker = fileURLToPath(new URL('./empty/worker.js', import.meta.url))
    await start(children, emptyWorker, [address, namespace, emptyQueue], join(folder, 'empty.log'), process.env)
    const temporal = new Client({ connection, namespace })
    const url = `http://127.0.0.1:${environment.ETL_API_PORT}`
    await until('the API is ready', api, async () => (await fetch(`${url}/readyz`)).ok)
    return await run({
      files,
      flights: join(data, 'flights.csv'),
      airports: join(data, 'airports.csv'),
      catalogue: databases.catalogue,
      target: databases.target,
      connection: { url: 'mysql://${env:ETL_VAR_BENCH_MYSQL}' },
      server: await serverAt(url, required('ETL_ADMIN_PASSWORD'), temporal),
      temporal,
      emptyQueue,
      environment,
      pids: {
        worker: worker.pid,
        api: api.pid,
        database: Number(process.env.ETL_BENCH_MYSQL_PID) || null,
        temporal: Number(process.env.ETL_BENCH_TEMPORAL_PID) || null,
      },
    })
  } finally {
    await endAll(children)
    await Promise.allSettled([connection.close(), databases.drop(), rm(folder, { recursive: true, force: true })])
  }
}

async function createDatabases(server: string) {
  const id = `etl_bench_${Date.now().toString(36)}_${randomBytes(3).toString('hex')}`
  const names = [id, `${id}_target`]
  const query = async (statement: (name: string) => string) => {
    const connection = await createConnection({ uri: server })
    try {
      for (const name of names) await connection.query(statement(name))
    } finally {
      await connection.end()
    }
  }
  await query((name) => `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`)
  const [catalogue, target] = names.map((name) => {
    const url = new URL(server)
    url.pathname = `/${name}`
    return url.href
  })
  return { catalogue: catalogue!, target: target!, drop: () => query((name) => `DROP DATABASE IF EXISTS ${name}`) }
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set; start this by npm run bench`)
  return value
}
