/** DuckDB as anybody would use it, with as many threads as a worker. */
import { availableParallelism } from 'node:os'
import { DuckDBInstance } from '@duckdb/node-api'
import { text } from '../../duckdb/sql.js'

export async function runDuckdb(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(availableParallelism()) })
  try {
    const connection = await instance.connect()
    for (const statement of statements) await connection.run(statement)
    connection.closeSync()
  } finally {
    instance.closeSync()
  }
}

/** Types given, as in the jobs. */
export const flightColumns = {
  date: 'TIMESTAMP',
  delay: 'BIGINT',
  distance: 'BIGINT',
  origin: 'VARCHAR',
  destination: 'VARCHAR',
}

export function readFlights(path: string): string {
  const columns = Object.entries(flightColumns).map(([name, type]) => `${text(name)}: ${text(type)}`)
  return `read_csv(${text(path)}, header = true, columns = {${columns.join(', ')}})`
}
