/** What STREAMING jobs cost that have nothing to do. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Sample } from './benchmark.js'
import { boundFigure, fact, ratioFigure } from './figures.js'
import { runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { cpuOf, residentOf } from './usage.js'

const watching = 450
const jobsPerFolder = 5
const polling = 50
const pollEvery = '10s'
const measuredMs = 60_000

const memory = { what: 'memory of the worker', unit: 'MiB', of: fact('memory') } as const
const worker = { what: 'CPU of the worker', unit: '%', of: fact('worker') } as const
const temporal = { what: 'CPU of Temporal', unit: '%', of: fact('temporal') } as const
const database = { what: 'CPU of the database', unit: '%', of: fact('database') } as const
const statements = { what: 'statements', unit: '/s', of: fact('statements') } as const

export const idle: Benchmark = {
  name: 'idle',
  ours: `${watching + polling} STREAMING jobs without input for a minute: ${watching} watch ${watching / jobsPerFolder} folders, ${polling} look at a table every ${pollEvery}`,
  raw: 'the same worker before the first of them was started',
  rounds: 1,
  onlyByName: true,
  prepare: async (rig) => {
    const before = await observe(rig)
    return {
      ours: async () => {
        const executions = await startAll(rig)
        await untilSettled(rig)
        const sample = await observe(rig)
        for (const executionId of executions) await rig.server.cancel(executionId)
        return sample
      },
      raw: async () => before,
    }
  },
  judge: (pairs) => [
    boundFigure(pairs, { ...memory, below: 1536 }),
    boundFigure(pairs, { ...worker, below: 20 }),
    ...[temporal, database, statements].map((aim) => ratioFigure(pairs, { ...aim, factor: null })),
  ],
}

async function startAll({ server, files, target, connection }: Rig): Promise<string[]> {
  await runMysql(target, 'CREATE TABLE looked_at (id BIGINT PRIMARY KEY)', 'INSERT INTO looked_at VALUES (1), (2)')
  const jobs: object[] = []
  for (let job = 0; job < watching; job += 1) {
    const folder = join(files, `in-${Math.floor(job / jobsPerFolder)}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${job}-first.csv`), 'id\n1\n2\n')
    jobs.push(
      idleJob(`watch-${job}`, 'file', { path: join(folder, `${job}-*.csv`), watch: true, columns: { id: 'BIGINT' } }),
    )
  }
  for (let job = 0; job < polling; job += 1)
    jobs.push(idleJob(`poll-${job}`, 'jdbc', { connection, table: 'looked_at', interval: pollEvery }))
  const executions: string[] = []
  for (const job of jobs) executions.push(await server.start(await server.save(job)))
  return executions
}

function idleJob(name: string, source: string, config: object): object {
  const nodes = [
    { id: 'from', source, config },
    { id: 'to', sink: 'blackhole', input: 'from' },
  ]
  return { name, type: 'STREAMING', checkpoint: { interval: '1s' }, nodes }
}

/** What was there has been read, and what starting them left to do is done. */
async function untilSettled(rig: Rig): Promise<void> {
  const begun = 'SELECT COUNT(*) AS n FROM etl_job_execution WHERE execution_status = "RUNNING" AND epochs > 0'
  for (let tries = 0; ; tries += 1) {
    const [row] = await runMysql(rig.catalogue, begun)
    if (Number(row?.n) >= watching + polling) break
    if (tries > 300) throw new Error(`Only ${row?.n} of the jobs have begun.`)
    await sleep(1000)
  }
  await sleep(30_000)
}

/** A minute of all that takes part. */
async function observe({ pids, target }: Rig): Promise<Sample> {
  const asked = async () => Number((await runMysql(target, "SHOW GLOBAL STATUS LIKE 'Questions'"))[0]?.Value)
  const used = () => ({ worker: cpuOf(pids.worker), temporal: cpuOf(pids.temporal), database: cpuOf(pids.database) })
  const [first, before, began] = [await asked(), used(), performance.now()]
  await sleep(measuredMs)
  const ms = performance.now() - began
  const after = used()
  // The connection that asks brings statements of its own.
  const statements = (((await asked()) - first - 1) * 1000) / ms
  const percent = (name: keyof typeof before) =>
    (((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN)) / ms) * 100
  const memory = (residentOf(pids.worker) ?? Number.NaN) / 2 ** 20
  const facts = {
    memory,
    statements,
    worker: percent('worker'),
    temporal: percent('temporal'),
    database: percent('database'),
  }
  return { ms, facts }
}
