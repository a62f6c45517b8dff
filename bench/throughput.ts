/** How fast records go through operators, from one subtask to another, and through two subtasks instead of one. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { identifier, text } from '../duckdb/sql.js'
import type { Benchmark, Contest, Sample } from './benchmark.js'
import { boundFigure, cpu, elapsed, fact, ratioFigure } from './figures.js'
import { readFlights, runDuckdb } from './raw/duckdb.js'
import type { Rig } from './rig.js'
import { withCpu } from './usage.js'

/** Files of 3 M flights each. */
const manyFiles = 16
const fewFiles = 4
const millions = 3 * fewFiles
const rounds = 3

export const filterMap: Benchmark = {
  name: 'filter-map',
  ours: `${3 * manyFiles} M flights from Parquet, filtered, two columns computed, into Parquet`,
  raw: 'DuckDB: COPY of the same query, with as many threads as the machine has cores',
  rounds,
  onlyByName: true,
  prepare: async (rig) => {
    const path = await flightsAsParquet(rig, manyFiles)
    const [out, beside] = [join(rig.files, 'late'), join(rig.files, 'late-raw.parquet')]
    const jobId = await rig.server.save({
      name: 'filter-map',
      nodes: [
        { id: 'flights', source: 'file', config: { path } },
        { id: 'late', operator: 'FILTER', input: 'flights', config: { where: 'delay > 0' } },
        { id: 'computed', operator: 'MAP', input: 'late', config: { set: computed } },
        { id: 'file', sink: 'file', input: 'computed', config: { path: out, format: 'parquet', mode: 'REPLACE' } },
      ],
    })
    const columns = Object.entries(computed).map(([name, sql]) => `${sql} AS ${identifier(name)}`)
    return {
      ours: () => ours(rig, jobId),
      raw: async () => {
        await rm(beside, { force: true })
        return await withCpu([process.pid], () =>
          runDuckdb(
            `COPY (SELECT *, ${columns.join(', ')} FROM read_parquet(${text(path)}) WHERE delay > 0)
             TO ${text(beside)} (FORMAT parquet)`,
          ),
        )
      },
    }
  },
  // At 60 of 100 of the speed it takes 10 / 6 of the time.
  judge: (pairs) => [
    ratioFigure(pairs, { ...elapsed, factor: 1.67 }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: null }),
  ],
}

export const scaling: Benchmark = {
  name: 'two-subtasks',
  ours: '1 M generated records, each hashed twenty times over, by two subtasks of one DuckDB thread each',
  raw: 'the same by one subtask',
  rounds,
  onlyByName: true,
  prepare: async (rig) => {
    const job = (parallelism: number) => ({
      name: `hashed-${parallelism}`,
      parallelism,
      nodes: [
        { id: 'numbers', source: 'generator', config: { rows: 1_000_000, columns: { id: 'n' } } },
        { id: 'hashed', operator: 'MAP', input: 'numbers', config: { set: { hash: nested('sha256', 20) } } },
        { id: 'nowhere', sink: 'blackhole', input: 'hashed' },
      ],
    })
    const [two, one] = [await rig.server.save(job(2)), await rig.server.save(job(1))]
    return { ours: () => ours(rig, two), raw: () => ours(rig, one) }
  },
  judge: (pairs) => [
    // 1.6 times as fast.
    ratioFigure(pairs, { ...elapsed, factor: 0.625 }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: null }),
  ],
}

export const shuffle: Benchmark = {
  name: 'shuffle',
  ours: `${millions} M flights from Parquet, each to one of two subtasks by its origin, there to be counted`,
  raw: 'DuckDB: each flight to one of two Parquet files by its origin, both counted',
  rounds,
  onlyByName: true,
  prepare: async (rig) => {
    const path = await flightsAsParquet(rig, fewFiles)
    const jobId = await rig.server.save({
      name: 'shuffle',
      parallelism: 2,
      nodes: [
        { id: 'flights', source: 'file', config: { path } },
        { id: 'nowhere', sink: 'blackhole' },
      ],
      edges: [{ from: 'flights', to: 'nowhere', type: 'SHUFFLE', partition: 'HASH', key: ['origin'] }],
    })
    return shuffled(rig, jobId, path)
  },
  judge: (pairs) => [
    boundFigure(pairs, { what: 'a million records', unit: 's', of: fact('perMillion'), below: 1 }),
    ratioFigure(pairs, { ...elapsed, factor: null }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: null }),
  ],
}

const computed = { hours: 'delay / 60', route: "origin || '-' || destination" }

async function ours({ server, pids }: Rig, jobId: string): Promise<Sample> {
  const { value, cpuMs } = await withCpu([pids.worker, pids.api], () => server.execute(jobId))
  return { ms: value.ms, cpuMs }
}

function shuffled(rig: Rig, jobId: string, path: string): Contest {
  const perMillion = (sample: Sample): Sample => ({ ...sample, facts: { perMillion: sample.ms / 1000 / millions } })
  const halves = [0, 1].map((half) => join(rig.files, `half-${half}.parquet`))
  const toHalf = (file: string, half: number) =>
    `COPY (SELECT * EXCLUDE half FROM routed WHERE half = ${half}) TO ${text(file)} (FORMAT parquet)`
  return {
    ours: async () => perMillion(await ours(rig, jobId)),
    raw: async () => {
      const { ms, cpuMs } = await withCpu([process.pid], () =>
        runDuckdb(
          `CREATE TABLE routed AS SELECT *, hash(origin) % 2 AS half FROM read_parquet(${text(path)})`,
          ...halves.map(toHalf),
          `SELECT count(*) FROM read_parquet([${halves.map(text).join(', ')}])`,
        ),
      )
      return perMillion({ ms, cpuMs })
    },
  }
}

/** The pattern of its files. */
async function flightsAsParquet({ files, flights }: Rig, count: number): Promise<string> {
  const folder = join(files, `${count}-files`)
  await mkdir(folder, { recursive: true })
  for (let file = 0; file < count; file += 1) {
    const path = join(folder, `flights-${file}.parquet`)
    await runDuckdb(`COPY (SELECT * FROM ${readFlights(flights)}) TO ${text(path)} (FORMAT parquet)`)
  }
  return join(folder, 'flights-*.parquet')
}

function nested(name: string, times: number): string {
  return `${`${name}(`.repeat(times)}CAST(id AS VARCHAR)${')'.repeat(times)}`
}
