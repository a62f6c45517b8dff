/** The least a program can do that turns one file into another: `copy-file.js FROM TO`. */
import { text } from '../../duckdb/sql.js'
import { runDuckdb } from './duckdb.js'

const [from, to] = process.argv.slice(2) as [string, string]
await runDuckdb(`COPY (SELECT * FROM read_csv(${text(from)})) TO ${text(to)} (FORMAT csv, HEADER)`)
