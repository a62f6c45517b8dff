/** What an epoch costs beyond the work on its data. */
import { join } from 'node:path'
import { text } from '../duckdb/sql.js'
import type { Benchmark } from './benchmark.js'
import { ratioFigure } from './figures.js'
import { flightColumns, readFlights, runDuckdb } from './raw/duckdb.js'
import { runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { emptyWorkflow } from './start.js'

const records = 250_000
const steps = 100

export const epochs: Benchmark = {
  name: 'epochs',
  ours: 'milliseconds that each epoch adds: 250,000 records into a table in about 150 epochs, less the same in a few',
  raw: 'two Temporal activities that do nothing, one after the other',
  rounds: 3,
  prepare: async (rig) => {
    const path = join(rig.files, 'flights-part.csv')
    await runDuckdb(`COPY (SELECT * FROM ${readFlights(rig.flights)} LIMIT ${records}) TO ${text(path)} (HEADER)`)
    const job = async (name: string, interval: string) =>
      await rig.server.save({ name, checkpoint: { interval }, nodes: nodesOf(rig, path) })
    const [many, few] = [await job('many-epochs', '1ms'), await job('few-epochs', '30s')]
    const run = async (jobId: string) => {
      await runMysql(rig.target, 'DROP TABLE IF EXISTS epochs')
      const { ms, report } = await rig.server.execute(jobId)
      return { ms, epochs: report.epochs }
    }
    return {
      ours: async () => {
        const [short, long] = [await run(few), await run(many)]
        if (long.epochs < 50) throw new Error(`There were only ${long.epochs} epochs.`)
        return { ms: (long.ms - short.ms) / (long.epochs - short.epochs) }
      },
      raw: async () => ({ ms: (await emptyWorkflow(rig, 'steps', [steps * 2])) / steps }),
    }
  },
  judge: (pairs) => [ratioFigure(pairs, { what: 'per epoch', unit: 'ms', of: ({ ms }) => ms, factor: null })],
}

function nodesOf(rig: Rig, path: string): object[] {
  const sink = { connection: rig.connection, table: 'epochs', createTable: true }
  return [
    { id: 'flights', source: 'file', config: { path, columns: flightColumns } },
    { id: 'table', sink: 'jdbc', input: 'flights', config: sink },
  ]
}
