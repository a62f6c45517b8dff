/** How long records are on their way: from when a source has them until everybody sees them in a table. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Benchmark, Contest, Sample } from './benchmark.js'
import { boundFigure, fact, ratioFigure } from './figures.js'
import { runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { withCpu } from './usage.js'

const warmUpMs = 10_000
const measuredMs = 60_000
const lookEveryMs = 5

interface Setting {
  readonly recordsPerSecond: number
  readonly intervalMs: number
  readonly belowMs: number
}

export const latency = benchmark('latency', { recordsPerSecond: 10_000, intervalMs: 1000, belowMs: 1500 })
export const latencyShort = benchmark('latency-50ms', { recordsPerSecond: 1000, intervalMs: 50, belowMs: 500 })

function benchmark(name: string, setting: Setting): Benchmark {
  const { recordsPerSecond, intervalMs, belowMs } = setting
  return {
    name,
    ours: `a STREAMING job takes ${recordsPerSecond} records a second into a table, exactly once, with a checkpoint every ${intervalMs} ms`,
    raw: 'the same records by one LOAD DATA in each interval, and nothing else',
    rounds: 1,
    onlyByName: true,
    prepare: (rig) => contest(rig, name, setting),
    judge: (pairs) => [
      boundFigure(pairs, { what: '99 of 100 records are there within', unit: 'ms', of: fact('p99'), below: belowMs }),
      ratioFigure(pairs, { what: 'half of them', unit: 'ms', of: fact('p50'), factor: null }),
      ratioFigure(pairs, { what: 'the slowest', unit: 'ms', of: fact('max'), factor: null }),
      ratioFigure(pairs, { what: 'checkpoints', unit: '/s', of: fact('rounds'), factor: null }),
      ratioFigure(pairs, { what: 'CPU, servers included', unit: '%', of: fact('cpu'), factor: null }),
    ],
  }
}

async function contest(rig: Rig, name: string, setting: Setting): Promise<Contest> {
  const { recordsPerSecond, intervalMs } = setting
  const table = name.replace('-', '_')
  const beside = `${table}_raw`
  for (const each of [table, beside])
    await runMysql(rig.target, `CREATE TABLE ${each} (id BIGINT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(12, 2))`)
  const columns = { id: 'n', name: "'record ' || n", amount: 'n / 100' }
  const jobId = await rig.server.save({
    name,
    type: 'STREAMING',
    checkpoint: { interval: `${intervalMs}ms` },
    nodes: [
      { id: 'records', source: 'generator', config: { rowsPerSecond: recordsPerSecond, columns } },
      { id: 'rounded', operator: 'MAP', input: 'records', config: { cast: { amount: 'DECIMAL(12, 2)' } } },
      { id: 'table', sink: 'jdbc', input: 'rounded', config: { connection: rig.connection, table } },
    ],
  })
  return {
    ours: async () => {
      const executionId = await rig.server.start(jobId)
      try {
        const observed = await observe(rig, table)
        const [row] = await runMysql(rig.catalogue, newestPosition(executionId))
        return sampleOf(observed, Number(row?.startedMs), setting)
      } finally {
        await rig.server.cancel(executionId)
      }
    },
    raw: async () => {
      const loading = new AbortController()
      const loads = loadAgainAndAgain(rig, beside, setting, loading.signal)
      const observed = await observe(rig, beside)
      loading.abort()
      return sampleOf(observed, await loads, setting)
    },
  }
}

/** The number of the newest record that could be seen, at a time. */
interface Sight {
  readonly atMs: number
  readonly id: number
}

interface Observed {
  readonly sights: readonly Sight[]
  readonly ms: number
  readonly cpuMs: number | null
}

async function observe({ target, pids }: Rig, table: string): Promise<Observed> {
  const connection = await createConnection({ uri: target })
  try {
    const sights: Sight[] = []
    const watch = async (forMs: number) => {
      for (const until = Date.now() + forMs; Date.now() < until; await sleep(lookEveryMs))
        sights.push(await look(connection, table))
    }
    await watch(warmUpMs)
    sights.splice(0, sights.length - 1)
    const { ms, cpuMs } = await withCpu([pids.worker, pids.database, pids.temporal], () => watch(measuredMs))
    return { sights, ms, cpuMs }
  } finally {
    await connection.end()
  }
}

async function look(connection: Connection, table: string): Promise<Sight> {
  const [[row]] = await connection.query<RowDataPacket[]>(`SELECT MAX(id) AS id FROM ${table}`)
  return { atMs: Date.now(), id: row?.id === null ? -1 : Number(row?.id) }
}

/** Record n was there n / recordsPerSecond after the first. */
function sampleOf({ sights, ms, cpuMs }: Observed, startedMs: number, { recordsPerSecond }: Setting): Sample {
  const waits: number[] = []
  let rounds = 0
  for (const [at, { atMs, id }] of sights.entries()) {
    const before = sights[at - 1]?.id ?? id
    for (let n = before + 1; n <= id; n += 1) waits.push(atMs - startedMs - (n * 1000) / recordsPerSecond)
    if (id > before) rounds += 1
  }
  const due = (measuredMs / 1000) * recordsPerSecond
  if (waits.length < due / 2) throw new Error(`Of ${due} records only ${waits.length} came.`)
  waits.sort((a, b) => a - b)
  const part = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!
  const cpu = cpuMs === null ? Number.NaN : (cpuMs / ms) * 100
  return { ms, facts: { p50: part(0.5), p99: part(0.99), max: part(1), rounds: (rounds * 1000) / ms, cpu } }
}

/** Answers when its first record was there. */
async function loadAgainAndAgain(rig: Rig, table: string, setting: Setting, signal: AbortSignal): Promise<number> {
  const connection = await createConnection({ uri: rig.target, flags: ['+LOCAL_FILES'] })
  const startedMs = Date.now()
  let next = 0
  for (let round = 1; !signal.aborted; round += 1) {
    const due = Math.floor(((Date.now() - startedMs) * setting.recordsPerSecond) / 1000) + 1
    const lines = Array.from(
      { length: due - next },
      (_, at) => `${next + at},record ${next + at},${(next + at) / 100}\n`,
    )
    next = due
    await connection.query({
      sql: `LOAD DATA LOCAL INFILE 'lines' INTO TABLE ${table} FIELDS TERMINATED BY ','`,
      infileStreamFactory: () => Readable.from([Buffer.from(lines.join(''))]),
    })
    await sleep(Math.max(0, startedMs + round * setting.intervalMs - Date.now()))
  }
  await connection.end()
  return startedMs
}

function newestPosition(executionId: string): string {
  const value = "JSON_EXTRACT(positions, '$.records.position.startedMs')"
  return `SELECT ${value} AS startedMs FROM etl_checkpoint
    WHERE execution_id = '${executionId}' AND checkpoint_status = 'COMPLETED' ORDER BY epoch DESC LIMIT 1`
}
