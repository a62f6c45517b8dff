/** How fast a table of MySQL becomes Parquet. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from '../duckdb/sql.js'
import type { Benchmark, Contest, Sample } from './benchmark.js'
import { cpu, elapsed, ratioFigure } from './figures.js'
import { clientToParquet, scannerToParquet } from './raw/client.js'
import { flightColumns, readFlights, runDuckdb } from './raw/duckdb.js'
import { loadFile, runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { untilQuiet, withCpu } from './usage.js'

const rounds = 3
const ours = '1.6 M rows of a table with a primary key into Parquet'
const columns = { id: 'BIGINT', ...flightColumns, city: 'VARCHAR', state: 'VARCHAR' }

export const extract: Benchmark = {
  name: 'extract',
  ours,
  raw: "MySQL's command-line client piped into DuckDB's COPY",
  rounds,
  onlyByName: true,
  prepare: (rig) => contest(rig, 'extract', (table, file) => clientToParquet(rig.target, table, columns, file)),
  // At 60 of 100 of the speed it takes 10 / 6 of the time.
  judge: (pairs) => [ratioFigure(pairs, { ...elapsed, factor: 1.67 }), ratioFigure(pairs, { ...cpu, factor: null })],
}

export const extractScanner: Benchmark = {
  name: 'extract-scanner',
  ours,
  raw: "DuckDB's own reader of MySQL, mysql_scanner",
  rounds,
  onlyByName: true,
  prepare: (rig) => contest(rig, 'extract-scanner', (table, file) => scannerToParquet(rig.target, table, file)),
  judge: (pairs) => [ratioFigure(pairs, { ...elapsed, factor: 1 }), ratioFigure(pairs, { ...cpu, factor: null })],
}

async function contest(rig: Rig, name: string, raw: (table: string, file: string) => Promise<void>): Promise<Contest> {
  const { server, pids, files, connection } = rig
  const table = await fillTable(rig)
  const [out, beside] = [join(files, name), join(files, `${name}-raw.parquet`)]
  const jobId = await server.save({
    name,
    nodes: [
      { id: 'table', source: 'jdbc', config: { connection, table } },
      { id: 'file', sink: 'file', input: 'table', config: { path: out, format: 'parquet', mode: 'REPLACE' } },
    ],
  })
  return {
    async ours(): Promise<Sample> {
      await untilQuiet(pids.database)
      const { value, cpuMs } = await withCpu([pids.worker, pids.api, pids.database], () => server.execute(jobId))
      return { ms: value.ms, cpuMs }
    },
    async raw(): Promise<Sample> {
      await rm(beside, { force: true })
      await untilQuiet(pids.database)
      const { ms, cpuMs } = await withCpu([process.pid, pids.database], () => raw(table, beside))
      return { ms, cpuMs }
    },
    compare: () =>
      runDuckdb(
        `SELECT CASE WHEN count(*) > 0 THEN error('The two differ.') END FROM (SELECT * FROM read_parquet(${text(join(out, '*.parquet'))}) EXCEPT ALL SELECT * FROM read_parquet(${text(beside)}))`,
        `SELECT CASE WHEN (SELECT count(*) FROM read_parquet(${text(join(out, '*.parquet'))})) <> (SELECT count(*) FROM read_parquet(${text(beside)})) THEN error('The two differ.') END`,
      ),
  }
}

async function fillTable({ files, airports, flights, target }: Rig): Promise<string> {
  const table = 'flights_extract'
  const file = join(files, `${table}.csv`)
  await runDuckdb(`COPY (
    SELECT row_number() OVER () AS id, f.*, a.city, a.state FROM ${readFlights(flights)} f LEFT JOIN read_csv(${text(airports)}) a ON f.origin = a.iata
    WHERE f.delay > -3
  ) TO ${text(file)} (FORMAT csv, HEADER false, NULLSTR 'NULL')`)
  await runMysql(
    target,
    `DROP TABLE IF EXISTS ${table}`,
    `CREATE TABLE ${table} (id BIGINT PRIMARY KEY, date DATETIME(6), delay BIGINT, distance BIGINT, origin VARCHAR(8), destination VARCHAR(8), city VARCHAR(60), state VARCHAR(8))`,
  )
  await loadFile(target, table, file)
  await rm(file)
  return table
}
