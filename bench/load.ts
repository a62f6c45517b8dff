/** The headline work: a large CSV file, filtered and joined, into a table of a database. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { text } from '../duckdb/sql.js'
import type { Benchmark, Contest, Pair, Sample } from './benchmark.js'
import { boundFigure, cpu, elapsed, memory, ratioFigure } from './figures.js'
import { flightColumns, readFlights, runDuckdb } from './raw/duckdb.js'
import { loadFile, runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { peakOf, resetPeak, untilQuiet, withCpu } from './usage.js'

const raw = 'DuckDB COPY of the same query to a CSV file, then LOAD DATA LOCAL of it into an equal table'
const mostMemory = { ...memory, below: 1536 }

export const load: Benchmark = {
  name: 'load',
  ours: '3 M flights from CSV, filtered, joined with airports, 1.64 M records into a new table',
  raw,
  rounds: 3,
  prepare: (rig) => contest(rig, 'load', rig.flights, {}),
  judge: (pairs) => [
    ratioFigure(pairs, { ...elapsed, factor: 1.15 }),
    ratioFigure(pairs, { ...cpu, factor: 1.3 }),
    boundFigure(pairs, mostMemory),
  ],
}

export const loadOften: Benchmark = {
  name: 'load-1s',
  ours: 'the same with a checkpoint every second',
  raw,
  rounds: 3,
  prepare: (rig) => contest(rig, 'load-1s', rig.flights, { checkpoint: { interval: '1s' } }),
  judge: (pairs) => [ratioFigure(pairs, { ...elapsed, factor: 1.3 }), ratioFigure(pairs, { ...cpu, factor: null })],
}

export const loadTenfold: Benchmark = {
  name: 'load-10x',
  ours: 'the same from a file ten times as long',
  raw,
  rounds: 1,
  onlyByName: true,
  prepare: async (rig) => {
    const path = join(rig.files, 'flights-10x.csv')
    if (!existsSync(path)) await repeat(rig.flights, 10, path)
    return await contest(rig, 'load-10x', path, {})
  },
  judge: (pairs: readonly Pair[]) => [ratioFigure(pairs, { ...elapsed, factor: null }), boundFigure(pairs, mostMemory)],
}

async function contest(rig: Rig, name: string, flights: string, settings: object): Promise<Contest> {
  const table = `flights_${name.replace('-', '_')}`
  const beside = `${table}_raw`
  const jobId = await rig.server.save({ name, ...settings, nodes: nodesOf(rig, flights, table) })
  return {
    ours: async () => {
      await runMysql(rig.target, `DROP TABLE IF EXISTS ${table}`)
      return await ours(rig, jobId)
    },
    raw: async () => {
      await runMysql(rig.target, `DROP TABLE IF EXISTS ${beside}`, `CREATE TABLE ${beside} LIKE ${table}`)
      return await rawLoad(rig, flights, beside)
    },
    compare: async () => {
      const [one, other] = await runMysql(rig.target, `CHECKSUM TABLE ${table}, ${beside}`)
      if (one?.Checksum !== other?.Checksum) throw new Error('The two tables differ.')
    },
  }
}

function nodesOf(rig: Rig, flights: string, table: string): object[] {
  const select = { '*': 'left.*', city: 'right.city', state: 'right.state' }
  return [
    { id: 'flights', source: 'file', config: { path: flights, columns: flightColumns } },
    { id: 'airports', source: 'file', config: { path: rig.airports } },
    { id: 'kept', operator: 'FILTER', input: 'flights', config: { where: 'delay > -3' } },
    {
      id: 'located',
      operator: 'JOIN',
      inputs: { left: 'kept', right: 'airports' },
      config: { type: 'LEFT', on: 'left.origin = right.iata', select },
    },
    {
      id: 'table',
      sink: 'jdbc',
      input: 'located',
      config: { connection: rig.connection, table, mode: 'APPEND', createTable: true },
    },
  ]
}

async function ours({ server, pids }: Rig, jobId: string): Promise<Sample> {
  await untilQuiet(pids.database)
  resetPeak(pids.worker)
  const { value, cpuMs } = await withCpu([pids.worker, pids.api, pids.database], () => server.execute(jobId))
  return { ms: value.ms, cpuMs, peakBytes: peakOf(pids.worker) }
}

async function rawLoad({ files, airports, target, pids }: Rig, flights: string, table: string): Promise<Sample> {
  const file = join(files, `${table}.csv`)
  await untilQuiet(pids.database)
  const { ms, cpuMs } = await withCpu([process.pid, pids.database], async () => {
    await runDuckdb(`COPY (
      SELECT f.*, a.city, a.state FROM ${readFlights(flights)} f LEFT JOIN read_csv(${text(airports)}) a ON f.origin = a.iata
      WHERE f.delay > -3
    ) TO ${text(file)} (FORMAT csv, HEADER false, NULLSTR 'NULL')`)
    await loadFile(target, table, file)
  })
  await rm(file)
  return { ms, cpuMs }
}

/** A file with the records of another, several times over; the header once. */
async function repeat(from: string, times: number, to: string): Promise<void> {
  const header = await lengthOfFirstLine(from)
  for (let time = 0; time < times; time += 1) {
    const source = createReadStream(from, { start: time === 0 ? 0 : header })
    await pipeline(source, createWriteStream(to, { flags: 'a' }))
  }
}

async function lengthOfFirstLine(path: string): Promise<number> {
  for await (const chunk of createReadStream(path, { end: 4095 })) return (chunk as Buffer).indexOf(10) + 1
  return 0
}
