import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { sinkOf, sourceOf } from '../support/jdbc.js'
import { onSqlite } from '../support/sqlite.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

let folder: string
let url: string
let number = 0
const small = { records: 7, bytes: 1000 }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-sqlite-'))
  url = `sqlite://${folder}/x.db`
  const numbers = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)'
  onSqlite(
    url,
    `CREATE TABLE by_id (id INTEGER PRIMARY KEY, name TEXT, amount DECIMAL(10,2));
     CREATE TABLE by_two (a TEXT, b INTEGER, name TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
     ${numbers} INSERT INTO by_id SELECT i * 7, CASE WHEN i % 5 = 0 THEN NULL ELSE 'n "' || i || '"' END, i / 4.0 FROM n;
     ${numbers} INSERT INTO by_two SELECT 'k' || (i % 4), i, 'n' || i FROM n`,
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const source = (config: Record<string, unknown>) => async () => ({
  open: (signal?: AbortSignal) => sourceOf(url, config, signal),
  records: 40,
  small,
})

describeSource('SQLite, by a numeric key', source({ table: 'by_id' }))
describeSource('SQLite, by a key of two columns', source({ table: 'by_two' }))
describeSource('SQLite, a query by a column', source({ query: 'SELECT b AS id, name FROM by_two', splitBy: 'id' }))

const sinkInto = (columns: string, config: Record<string, unknown>) => async () => {
  const table = `out_${++number}`
  onSqlite(url, `CREATE TABLE ${table} (${columns})`)
  return {
    open: () => sinkOf(url, { table, ...config }),
    visible: async () => onSqlite(url, `SELECT id FROM ${table} ORDER BY id`).map(({ id }) => Number(id)),
  }
}
describeSink('SQLite, APPEND', sinkInto('id INTEGER, name TEXT', { mode: 'APPEND' }))
describeSink('SQLite, UPSERT', sinkInto('id INTEGER PRIMARY KEY, name TEXT', { mode: 'UPSERT', key: 'ID' }))
