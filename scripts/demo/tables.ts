/**
 * The demo's tables: `clear` before it runs; `check` afterwards, which prints them as they are in the database and
 * compares them with what DuckDB computes from the input by itself. Needs ETL_VAR_DEMO_MYSQL.
 */
import { join } from 'node:path'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { text } from '../../duckdb/sql.js'
import { checkout, withSession } from './session.js'

const delayed = 'SELECT count(*), CAST(sum(delay) AS SIGNED), max(delay), count(DISTINCT route) FROM delayed_flights'
const byOrigin =
  'SELECT origin, state, flights, total_delay, worst_delay FROM delays_by_origin ORDER BY flights DESC, origin'

const [command] = process.argv.slice(2)
process.exitCode = command === 'clear' ? await clear() : await check()

async function clear(): Promise<number> {
  const url = new URL(address())
  const database = url.pathname.slice(1)
  url.pathname = ''
  return withConnection(url.href, async (connection) => {
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${database}`)
    await connection.query(`DROP TABLE IF EXISTS ${database}.delayed_flights, ${database}.delays_by_origin`)
    return 0
  })
}

async function check(): Promise<number> {
  const expected = await expectedRows()
  return withConnection(address(), async (connection) => {
    const totals = await rowsOf(connection, delayed)
    const groups = await rowsOf(connection, byOrigin)
    const sample =
      'SELECT date, delay, route, city, state, delay_hours FROM delayed_flights ORDER BY delay DESC, date LIMIT 5'
    print(
      'delayed_flights, the latest five',
      ['date', 'delay', 'route', 'city', 'state', 'hours'],
      await rowsOf(connection, sample),
    )
    print(
      'delays_by_origin, the first ten',
      ['origin', 'state', 'flights', 'total_delay', 'worst_delay'],
      groups.slice(0, 10),
    )
    const verdicts = [
      verdict('delayed_flights: records, sum and maximum of the delay, routes', totals, expected.totals),
      verdict(`delays_by_origin: all ${groups.length} groups`, groups, expected.groups),
    ]
    return verdicts.every(Boolean) ? 0 : 1
  })
}

async function expectedRows() {
  const read = (name: string) => `read_csv(${text(join(checkout, 'examples', 'data', name))})`
  const late = `(SELECT * FROM ${read('flights.csv')} WHERE delay > 15)`
  return withSession(async (session) => ({
    totals: texts(
      await session.rows(
        `SELECT count(*), CAST(sum(delay) AS BIGINT), max(delay), count(DISTINCT origin || '-' || destination) FROM ${late}`,
      ),
    ),
    groups: texts(
      await session.rows(
        `SELECT origin, any_value(state), count(*) AS flights, CAST(sum(delay) AS BIGINT), max(delay)
         FROM ${late} LEFT JOIN ${read('airports.csv')} ON origin = iata GROUP BY origin ORDER BY flights DESC, origin`,
      ),
    ),
  }))
}

async function rowsOf(connection: Connection, query: string): Promise<string[][]> {
  const [rows] = await connection.query<RowDataPacket[][]>({ sql: query, rowsAsArray: true })
  return texts(rows)
}

async function withConnection<T>(uri: string, run: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri, dateStrings: true, supportBigNumbers: true, bigNumberStrings: true })
  try {
    return await run(connection)
  } finally {
    await connection.end()
  }
}

function address(): string {
  const place = process.env.ETL_VAR_DEMO_MYSQL
  if (place === undefined || place === '') throw new Error('ETL_VAR_DEMO_MYSQL is not set')
  return `mysql://${place}`
}

function texts(rows: readonly (readonly unknown[])[]): string[][] {
  return rows.map((row) => row.map((value) => String(value ?? 'NULL')))
}

function verdict(what: string, found: string[][], expected: string[][]): boolean {
  const same = JSON.stringify(found) === JSON.stringify(expected)
  process.stdout.write(`${same ? '✓ equal' : '✗ DIFFERENT'}  ${what}\n`)
  if (same) return true
  const at = Math.max(
    0,
    expected.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(found[index])),
  )
  process.stdout.write(
    `    in the table: ${found[at]?.join(', ') ?? 'nothing'}\n    computed:     ${expected[at]?.join(', ') ?? 'nothing'}\n`,
  )
  return false
}

function print(title: string, header: string[], rows: string[][]): void {
  const widths = header.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const line = (cells: string[]) =>
    `  ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd()
  const rule = line(widths.map((width) => '-'.repeat(width)))
  process.stdout.write(`${[`\n${title}`, line(header), rule, ...rows.map(line), ''].join('\n')}\n`)
}
