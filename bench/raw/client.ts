/** The command-line client of MySQL, its output piped into DuckDB; and DuckDB's own reader of MySQL. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { text } from '../../duckdb/sql.js'
import { runDuckdb } from './duckdb.js'

/** A table into a Parquet file, by way of a FIFO. `columns` are DuckDB types by name. */
export async function clientToParquet(
  uri: string,
  table: string,
  columns: Readonly<Record<string, string>>,
  file: string,
): Promise<void> {
  const url = new URL(uri)
  const fifo = `${file}.fifo`
  execFileSync('mkfifo', [fifo])
  try {
    const where = ['-h', url.hostname, '-P', url.port, '-u', decodeURIComponent(url.username), url.pathname.slice(1)]
    const client = spawn(
      'sh',
      ['-c', 'exec mysql "$@" > "$FIFO"', 'sh', '--quick', '--batch', '-N', ...where, '-e', `SELECT * FROM ${table}`],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, FIFO: fifo, MYSQL_PWD: decodeURIComponent(url.password) },
      },
    )
    const ended = once(client, 'exit')
    const types = Object.entries(columns).map(([name, type]) => `${text(name)}: ${text(type)}`)
    await runDuckdb(
      `COPY (SELECT * FROM read_csv(${text(fifo)}, delim = '\t', header = false, quote = '', nullstr = 'NULL', columns = {${types.join(', ')}})) TO ${text(file)} (FORMAT parquet)`,
    )
    if ((await ended)[0] !== 0) throw new Error('The client of MySQL ended with an error.')
  } finally {
    await rm(fifo, { force: true })
  }
}

/** `ETL_BENCH_MYSQL_SCANNER` names its file where it cannot be installed. */
export async function scannerToParquet(uri: string, table: string, file: string): Promise<void> {
  const url = new URL(uri)
  const given = process.env.ETL_BENCH_MYSQL_SCANNER
  const password = url.password === '' ? '' : ` password=${decodeURIComponent(url.password)}`
  await runDuckdb(
    ...(given === undefined ? ['INSTALL mysql', 'LOAD mysql'] : [`LOAD ${text(given)}`]),
    `ATTACH ${text(`host=${url.hostname} port=${url.port} user=${decodeURIComponent(url.username)} database=${url.pathname.slice(1)}${password}`)} AS source (TYPE mysql, READ_ONLY)`,
    `COPY (SELECT * FROM source.${table}) TO ${text(file)} (FORMAT parquet)`,
  )
}
