/** Groups of a large file, into a small one. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from '../duckdb/sql.js'
import type { Benchmark } from './benchmark.js'
import { cpu, elapsed, ratioFigure } from './figures.js'
import { flightColumns, readFlights, runDuckdb } from './raw/duckdb.js'
import { withCpu } from './usage.js'

const aggregates = {
  flights: 'count(*)',
  mean_delay: 'avg(delay)',
  worst_delay: 'max(delay)',
  miles: 'CAST(sum(distance) AS BIGINT)',
}

export const aggregate: Benchmark = {
  name: 'aggregate',
  ours: '3 M flights from CSV, grouped by route, count, avg, max and sum into a CSV file',
  raw: 'DuckDB: CREATE TABLE AS the same query, then COPY of it to a file',
  rounds: 3,
  prepare: async (rig) => {
    const [path, beside] = [join(rig.files, 'routes.csv'), join(rig.files, 'routes-raw.csv')]
    const jobId = await rig.server.save({
      name: 'aggregate',
      nodes: [
        { id: 'flights', source: 'file', config: { path: rig.flights, columns: flightColumns } },
        {
          id: 'routes',
          operator: 'AGGREGATE',
          input: 'flights',
          config: { groupBy: ['origin', 'destination'], aggregates },
        },
        { id: 'file', sink: 'file', input: 'routes', config: { path, singleFile: true, mode: 'REPLACE' } },
      ],
    })
    const columns = Object.entries(aggregates).map(([name, expression]) => `${expression} AS ${name}`)
    return {
      ours: async () => {
        const used = await withCpu([rig.pids.worker, rig.pids.api], () => rig.server.execute(jobId))
        return { ms: used.value.ms, cpuMs: used.cpuMs }
      },
      raw: async () => {
        await rm(beside, { force: true })
        const { ms, cpuMs } = await withCpu([process.pid], () =>
          runDuckdb(
            `CREATE TABLE routes AS SELECT origin, destination, ${columns.join(', ')}
             FROM ${readFlights(rig.flights)} GROUP BY origin, destination`,
            `COPY routes TO ${text(beside)} (FORMAT csv, HEADER)`,
          ),
        )
        return { ms, cpuMs }
      },
      compare: async () => {
        if ((await records(path)) !== (await records(beside))) throw new Error('The two files differ.')
      },
    }
  },
  judge: (pairs) => [
    ratioFigure(pairs, { ...elapsed, factor: 1.3, plus: 1 }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: null }),
  ],
}

/** Without their order, and without the last digits of averages, which depend on the order of sums. */
async function records(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  return lines
    .map((line) => line.replace(/(\.\d{6})\d+/g, '$1'))
    .sort()
    .join('\n')
}
