/** Real data for the demo, made once: three million flights as CSV, and where airports are. Answers with a line of JSON. */
import { copyFileSync, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from '../../duckdb/sql.js'
import { checkout, withSession } from './session.js'

const origin = join(checkout, 'node_modules', 'vega-datasets', 'data')
const target = join(checkout, 'examples', 'data')
const flights = join(target, 'flights.csv')
const airports = join(target, 'airports.csv')

// A file whose time changes counts as changed; both are left alone once they are there.
if (!existsSync(flights)) await withSession((session) => session.run(copyFlights(`${flights}.new`)))
if (existsSync(`${flights}.new`)) renameSync(`${flights}.new`, flights)
if (!existsSync(airports)) copyFileSync(join(origin, 'airports.csv'), airports)
process.stdout.write(`${JSON.stringify({ bytes: statSync(flights).size })}\n`)

function copyFlights(to: string): string {
  const from = text(join(origin, 'flights-3m.parquet'))
  return `COPY (SELECT * FROM read_parquet(${from})) TO ${text(to)} (FORMAT csv, HEADER)`
}
