import { beforeAll } from '@jest/globals'
import { jdbc } from '../../connectors/jdbc/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { sourceOf as opened } from '../support/jdbc.js'
import { describeWithPostgres, onPostgres } from '../support/postgres.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
const small = { records: 7, bytes: 1000 }

describeWithPostgres('PostgreSQL', (lent) => {
  let number = 0
  const sourceOf = (config: Record<string, unknown>) => (signal?: AbortSignal) => opened(lent.url, config, signal)

  beforeAll(async () => {
    await onPostgres(
      lent.url,
      `CREATE TABLE by_id (id bigint PRIMARY KEY, name varchar(50), amount numeric(10,2));
       CREATE TABLE by_two (a varchar(10), b integer, name text, PRIMARY KEY (a, b));
       INSERT INTO by_id SELECT i * 7, CASE WHEN i % 5 = 0 THEN NULL ELSE 'n "' || i || E'"\\n' END, i / 4.0 FROM generate_series(1, 40) i;
       INSERT INTO by_two SELECT 'k' || i % 4, i, 'n' || i FROM generate_series(1, 40) i`,
    )
  })

  describeSource('by a numeric key', async () => ({ open: sourceOf({ table: 'by_id' }), records: 40, small }))
  describeSource('by a key of two columns', async () => ({
    open: sourceOf({ table: 'public.by_two' }),
    records: 40,
    small,
  }))
  describeSource('a query by a column', async () => ({
    open: sourceOf({ query: 'SELECT b AS id, name FROM by_two', splitBy: 'id' }),
    records: 40,
    small,
  }))

  const sinkInto = async (columns: string, config: Record<string, unknown>, order = 'id') => {
    const table = `Out_${++number}`
    await onPostgres(lent.url, `CREATE TABLE "${table}" (${columns})`)
    return {
      open: () =>
        jdbc.sink!.open(
          jdbc.sink!.config.parse({ connection: { url: lent.url }, table, ...config }),
          { url: lent.url },
          ctx,
        ),
      visible: async () =>
        (await onPostgres(lent.url, `SELECT id FROM "${table}" ORDER BY ${order}`)).map(({ id }) => Number(id)),
    }
  }
  describeSink('APPEND', async () => ({
    ...(await sinkInto('at serial, id bigint, name text', { mode: 'APPEND' }, 'at')),
    queries: true,
  }))
  describeSink('UPSERT', () => sinkInto('id bigint PRIMARY KEY, "Name" text', { mode: 'UPSERT', key: 'ID' }))
})
