import { afterAll, beforeAll } from '@jest/globals'
import { jdbc } from '../../connectors/jdbc/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { onServer, withDatabase } from '../support/lend.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

let url: string
let giveBack: () => void
let lent: Promise<void>
let number = 0

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    const done = new Promise<void>((resolve) => {
      giveBack = resolve
    })
    lent = withDatabase(async (given) => {
      url = given
      await onServer(url, tables)
      ready()
      await done
    })
    lent.catch(failed)
  })
})
afterAll(async () => {
  giveBack?.()
  await lent
})

const tables = `
  CREATE TABLE by_id (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(50), amount DECIMAL(10,2));
  CREATE TABLE by_two (a VARCHAR(10), b INT, name VARCHAR(50), PRIMARY KEY (a, b));
  CREATE TABLE numbers AS
    WITH RECURSIVE numbers AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM numbers WHERE seq < 40) SELECT * FROM numbers;
  INSERT INTO by_id SELECT seq * 7, IF(seq % 5 = 0, NULL, CONCAT('n "', seq, '"')), seq / 4 FROM numbers;
  INSERT INTO by_two SELECT CONCAT('k', seq % 4), seq, CONCAT('n', seq) FROM numbers`

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
const connection = () => ({ url })
const source =
  (config: Record<string, unknown>) =>
  (signal = ctx.signal) =>
    jdbc.source!.open(jdbc.source!.config.parse({ connection: connection(), ...config }), connection(), {
      ...ctx,
      signal,
    })
const small = { records: 7, bytes: 1000 }

describeSource('jdbc, by a numeric key', async () => ({ open: source({ table: 'by_id' }), records: 40, small }))
describeSource('jdbc, by a key of two columns', async () => ({ open: source({ table: 'by_two' }), records: 40, small }))
describeSource('jdbc, a query by a column', async () => ({
  open: source({ query: 'SELECT b AS id, name FROM by_two', splitBy: 'id' }),
  records: 40,
  small,
}))

describeSink('jdbc, APPEND', async () => {
  const table = `appended_${++number}`
  await onServer(url, `CREATE TABLE ${table} (at INT AUTO_INCREMENT PRIMARY KEY, id BIGINT, name VARCHAR(100))`)
  return { ...sinkInto(table, { mode: 'APPEND' }, 'at'), queries: true }
})
describeSink('jdbc, UPSERT', async () => {
  const table = `upserted_${++number}`
  await onServer(url, `CREATE TABLE ${table} (id BIGINT PRIMARY KEY, name VARCHAR(100))`)
  return sinkInto(table, { mode: 'UPSERT', key: 'id' })
})

function sinkInto(table: string, config: Record<string, unknown>, order = 'id') {
  return {
    open: () =>
      jdbc.sink!.open(jdbc.sink!.config.parse({ connection: connection(), table, ...config }), connection(), ctx),
    visible: async () =>
      ((await onServer(url, `SELECT id FROM ${table} ORDER BY ${order}`)) as { id: number }[]).map((row) =>
        Number(row.id),
      ),
  }
}
