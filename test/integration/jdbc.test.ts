import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import { jdbc } from '../../connectors/jdbc/index.js'
import { openConnection } from '../../connectors/jdbc/mysql/connect.js'
import { findDuplicates } from '../../connectors/jdbc/mysql/duplicates.js'
import { insertRows } from '../../connectors/jdbc/mysql/write-rows.js'
import type { ConnectorContext, RejectedRow, Sink, SinkKey } from '../../connectors/spi.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { readAll } from '../conformance/read-all.js'
import { fence, mark } from '../conformance/sink-suite.js'
import { writeEpoch as writeInto } from '../support/jdbc.js'
import { onServer, withDatabase } from '../support/lend.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jdbc-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const plainColumn = (name: string) => ({
  ...{ name, columnType: '', dataType: '', scale: null, fraction: null, length: null },
  ...{ required: false, generated: false },
})

const sinkOf = (url: string, config: Record<string, unknown>) =>
  jdbc.sink!.open(jdbc.sink!.config.parse({ connection: { url }, ...config }), { url }, ctx)
const sourceOf = (url: string, config: Record<string, unknown>) =>
  jdbc.source!.open(jdbc.source!.config.parse({ connection: { url }, ...config }), { url }, ctx)
const newKey = (): SinkKey => ({ lineageId: randomUUID(), sinkUid: 'out', subtask: 0 })

const writeEpoch = (sink: Sink, key: SinkKey, select: string, epoch?: number) =>
  writeInto(session, sink, key, select, epoch)

async function withConnection<T>(access: { url: string }, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await openConnection(access)
  try {
    return await use(connection)
  } finally {
    await connection.end()
  }
}

/** As `writeEpoch` where the server does not allow LOAD DATA; without a mark. */
async function insertInto(url: string, table: string, select: string): Promise<readonly RejectedRow[]> {
  await session.run(`CREATE OR REPLACE TABLE written AS ${select}`)
  const schema = await session.describe('SELECT * FROM written')
  const records = await session.count('SELECT count(*) FROM written')
  await sinkOf(url, { table, createTable: true }).prepare([newKey()], schema, fence())
  return withConnection({ url }, async (connection) => {
    await connection.query('START TRANSACTION')
    const to = {
      table: `\`${table}\``,
      columns: schema.map((one) => ({ ...one, into: plainColumn(one.name) })),
      order: null,
    }
    const rejected = await insertRows(connection, to, { table: '"written"', schema, records }, session, 1000)
    await connection.query('COMMIT')
    return rejected
  })
}
const write = {
  'LOAD DATA': (url: string, table: string, select: string) =>
    writeEpoch(sinkOf(url, { table, createTable: true }), newKey(), select),
  INSERT: insertInto,
}
const column = async (url: string, sql: string) =>
  ((await onServer(url, sql)) as Record<string, unknown>[]).map((row) => Object.values(row)[0])

/** Every type, with the values that get lost most easily. */
const awkward = `
  SELECT * FROM (VALUES
    (1, 'NULL', true, 18446744073709551615::UBIGINT, 12345678901234567890.123456789::DECIMAL(38,9), 0.1::DOUBLE,
     DATE '2001-02-28', TIMESTAMP '2001-01-01 10:11:12.123456', TIME '23:59:59.5', '\\x00\\xFF\\x22\\x5C'::BLOB),
    (2, 'a",b "q" \\ \\N ' || chr(10) || chr(13) || chr(9) || chr(0) || 'é🜚', false, 0, -0.000000001, -1e300, DATE '1970-01-01',
     TIMESTAMP '9999-12-31 23:59:59', TIME '00:00:00', ''::BLOB),
    (3, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'null', true, 1, 1, 1, DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', TIME '12:00:00', '"'::BLOB),
    (5, NULL, true, 1, 1, 1, DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', TIME '12:00:00', 'NULL'::BLOB),
    (6, ' "quoted" and spaced  ', true, 1, 1, 1, DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', TIME '12:00:00', ' '::BLOB)
  ) AS v(id, s, b, u, d, f, day, moment, t, bytes)`

describe('every value survives the way into a table and back', () => {
  test.each(['LOAD DATA', 'INSERT'] as const)('by %s', async (method) => {
    await withDatabase(async (url) => {
      expect(await write[method](url, 'kept', awkward)).toEqual([])
      const { records } = await readAll(sourceOf(url, { table: 'kept' }), session)
      const expected = await session.rows(`SELECT * REPLACE (CAST(b AS TINYINT) AS b) FROM (${awkward}) ORDER BY id`)
      expect(records.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(expected)
    })
  })

  test.each(['LOAD DATA', 'INSERT'] as const)('as JSON by %s', async (method) => {
    await withDatabase(async (url) => {
      const select = `SELECT 1 AS id, '{"ä":"\\\\ \\" 🜚"}'::JSON AS j, {'é': [1, NULL]} AS s, ['ü'] AS l`
      expect(await write[method](url, 'kept', select)).toEqual([])
      const { records } = await readAll(sourceOf(url, { table: 'kept' }), session)
      const values = records.map((record) => record.map((value) => JSON.parse(String(value))))
      expect(values).toEqual([[1, { ä: '\\ " 🜚' }, { é: [1, null] }, ['ü']]])
    })
  })

  test('into types of the server that have no name in the engine', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `
        CREATE TABLE odd (id INT PRIMARY KEY, e ENUM('x','y'), y YEAR, flag BIT(1), bits BIT(40), ts TIMESTAMP(3) NULL, j JSON, m MEDIUMINT UNSIGNED);
        SET time_zone = '+00:00';
        INSERT INTO odd VALUES (1, 'y', 2001, b'1', b'1000000000000000000000000000000000000001', '2001-01-01 00:00:00.125', '{"ä":[1]}', 16777215)`,
      )
      const source = sourceOf(url, { table: 'odd' })
      expect((await source.schema()).map((one) => one.type)).toEqual([
        'INTEGER',
        'VARCHAR',
        'SMALLINT',
        'BOOLEAN',
        'UBIGINT',
        'TIMESTAMP',
        expect.stringMatching(/VARCHAR|JSON/),
        'UINTEGER',
      ])
      const { records } = await readAll(source, session)
      // MySQL keeps JSON as values and writes it with spaces; MariaDB keeps the text.
      const json = expect.stringMatching(/^\{"ä": ?\[1\]\}$/)
      expect(records).toEqual([[1, 'y', 2001, true, 549755813889n, '2001-01-01 00:00:00.125', json, 16777215]])
    })
  })
})

describe('records that the table refuses come back, and the rest is written', () => {
  const select = `SELECT i AS id, CASE WHEN i = 70 THEN 'much too long' ELSE 'ok' END AS s, CASE WHEN i = 90 THEN NULL ELSE i END AS n FROM range(3000) r(i) UNION ALL SELECT 5, 'twice', 5`

  test.each(['LOAD DATA', 'INSERT'] as const)('by %s', async (method) => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE strict (id BIGINT PRIMARY KEY, s VARCHAR(5), n INT NOT NULL)')
      const rejected = await write[method](url, 'strict', select)
      expect(rejected.map(({ rowid }) => rowid).sort((a, b) => a - b)).toEqual([70, 90, 3000])
      expect(rejected.map(({ message }) => message).join()).toMatch(/too long.*cannot be null.*Duplicate/s)
      expect(await column(url, 'SELECT count(*) FROM strict')).toEqual([2998])
    })
  })

  test('as do those that it would round or cut', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE narrow (d DECIMAL(5,2), small TINYINT)')
      const rejected = await writeEpoch(
        sinkOf(url, { table: 'narrow' }),
        newKey(),
        'SELECT * FROM (VALUES (1.25, 1), (1.234, 2), (1.5, 300)) v(d, small)',
      )
      expect(rejected.map(({ rowid }) => rowid)).toEqual([1, 2])
    })
  })
})

const asTexts = (rows: unknown) => (rows as object[]).map((row) => Object.values(row).map(String))

describe('many records that the table refuses', () => {
  /** As the server judges each record alone, in order. */
  const oracle = async (url: string, table: string, select: string) => {
    await session.run(`CREATE OR REPLACE TABLE written AS ${select}`)
    const schema = await session.describe('SELECT * FROM written')
    const batch = { table: '"written"', schema, records: await session.count('SELECT count(*) FROM written') }
    return withConnection({ url }, async (connection) => {
      await connection.query('START TRANSACTION')
      const to = {
        table: `\`${table}\``,
        columns: schema.map((one) => ({ ...one, into: plainColumn(one.name) })),
        order: null,
      }
      const rejected = await insertRows(connection, to, batch, session, 1)
      const [rows] = await connection.query(`SELECT * FROM ${table} ORDER BY id, k`)
      await connection.query('ROLLBACK')
      return { rejected, rows }
    })
  }

  test('are those that it refuses one by one, whatever they are refused for', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `CREATE TABLE strict (id BIGINT PRIMARY KEY, k INT, l VARCHAR(9), s VARCHAR(5), n INT NOT NULL, d DECIMAL(5,2), UNIQUE KEY two (k, l));
         INSERT INTO strict VALUES (400, 1000000, 'x', 'x', 1, 1)`,
      )
      const select = `SELECT CASE WHEN i % 50 = 9 THEN i - 9 ELSE i END AS id, CASE WHEN i % 70 = 1 THEN 5 ELSE i END AS k,
        CASE WHEN i % 140 = 1 THEN NULL ELSE 'l' || (i % 2) END AS l, CASE WHEN i % 30 = 7 THEN 'much too long' ELSE 'ok' END AS s,
        CASE WHEN i % 31 = 3 THEN NULL ELSE i END AS n, CASE WHEN i % 37 = 3 THEN 1.239 WHEN i % 41 = 4 THEN 100000 ELSE 1 END AS d
        FROM range(1000) r(i)`
      const expected = await oracle(url, 'strict', select)
      const rejected = await writeEpoch(sinkOf(url, { table: 'strict' }), newKey(), select)
      expect(expected.rejected.length).toBeGreaterThan(100)
      expect(rejected.map(({ rowid }) => rowid)).toEqual(expected.rejected.map(({ rowid }) => rowid))
      expect(rejected.slice(0, 100)).toEqual(expected.rejected.slice(0, 100))
      expect(asTexts(await onServer(url, 'SELECT * FROM strict ORDER BY id, k'))).toEqual(asTexts(expected.rows))
    })
  }, 120_000)

  test('also where nothing but the trial can tell, and where all are refused', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE strict (id BIGINT, k INT, j INT CHECK (j <> 7))')
      const select = 'SELECT i AS id, i AS k, i % 50 AS j FROM range(300) r(i)'
      const expected = await oracle(url, 'strict', select)
      const rejected = await writeEpoch(sinkOf(url, { table: 'strict' }), newKey(), select)
      expect(rejected).toEqual(expected.rejected)
      expect(rejected.map(({ rowid }) => rowid)).toEqual([7, 57, 107, 157, 207, 257])
      const all = await writeEpoch(
        sinkOf(url, { table: 'strict' }),
        newKey(),
        'SELECT i AS id, i AS k, 1e12 AS j FROM range(300) r(i)',
      )
      expect(all).toHaveLength(300)
      expect(await column(url, 'SELECT count(*) FROM strict')).toEqual([294])
    })
  })

  test('are looked up by their keys even where the server takes a full target for an empty one', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `CREATE TABLE made (id BIGINT PRIMARY KEY, k INT, UNIQUE KEY by_k (k)) STATS_PERSISTENT = 1, STATS_AUTO_RECALC = 0;
         INSERT INTO made WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT i, i FROM n;
         UPDATE mysql.innodb_table_stats SET n_rows = 0, clustered_index_size = 1 WHERE database_name = DATABASE();
         UPDATE mysql.innodb_index_stats SET stat_value = 0 WHERE database_name = DATABASE() AND stat_name LIKE 'n_diff%';
         RENAME TABLE made TO full;
         FLUSH TABLE full`,
      )
      const schema = await session.describe('SELECT 1::BIGINT AS id, 1::INTEGER AS k')
      const columns = schema.map((one) => ({ ...one, into: plainColumn(one.name) }))
      await withConnection({ url }, async (connection) => {
        const lookups = async () => {
          const [rows] = await connection.query("SHOW SESSION STATUS LIKE 'Handler_read_key'")
          return Number((rows as { Value: string }[])[0]!.Value)
        }
        const before = await lookups()
        const found = await findDuplicates(connection, { table: 'full', columns, order: null }, async ({ table }) => {
          const [result] = await connection.query<ResultSetHeader>(
            `INSERT INTO ${table} WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
             SELECT i + 990, -i, i FROM n`,
          )
          return result
        })
        expect([...found.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        // Each record, by each key.
        expect((await lookups()) - before).toBeGreaterThanOrEqual(2 * 500)
      })
    })
  })

  test.each([
    [
      'that are no value, or too long',
      `CASE WHEN i % 200 = 7 THEN 'much too long' ELSE 'ok' END AS s, CASE WHEN i % 200 = 9 THEN NULL ELSE i END AS n, i AS id`,
    ],
    ['whose keys are taken', `'ok' AS s, i AS n, CASE WHEN i % 100 = 9 THEN i - 9 ELSE i END AS id`],
  ])(
    '10,000 of a million %s take no time to speak of',
    async (_title, columns) => {
      await watched(170_000, async (url) => {
        await onServer(url, 'CREATE TABLE strict (s VARCHAR(5), n INT NOT NULL, id BIGINT PRIMARY KEY)')
        await session.run(`CREATE TABLE million AS SELECT ${columns} FROM range(1000000) r(i)`)
        const schema = await session.describe('SELECT * FROM million')
        const sink = sinkOf(url, { table: 'strict' })
        const key = newKey()
        await sink.prepare([key], schema, fence())
        const open = await sink.open(key, fence({ epoch: 1 }), schema)
        const started = performance.now()
        let refused = 0
        // What fails with an open transaction would keep its database from being dropped, and never be told.
        try {
          for (let from = 0; from < 1_000_000; from += 250_000) {
            await session.run(
              `CREATE OR REPLACE TABLE written AS SELECT * FROM million WHERE rowid >= ${from} AND rowid < ${from + 250_000}`,
            )
            refused += (await open.append({ table: '"written"', schema, records: 250_000 }, session)).length
          }
          await open.commit(mark(1, 1_000_000 - refused))
        } finally {
          await open.close()
        }
        process.stdout.write(`${Math.round(performance.now() - started)} ms\n`)
        expect(refused).toBe(10_000)
        expect(await column(url, 'SELECT count(*) FROM strict')).toEqual([990_000])
      })
    },
    180_000,
  )
})

/** With a database; what the server does is said if it takes longer than that. */
async function watched(ms: number, use: (url: string) => Promise<void>): Promise<void> {
  await withDatabase(async (url) => {
    const tell = async () => {
      const does = await onServer(url, 'SHOW FULL PROCESSLIST; SHOW ENGINE INNODB STATUS')
      process.stderr.write(`after ${ms} ms the server does: ${JSON.stringify(does, null, 1)}\n`)
    }
    const timer = setTimeout(() => void tell().catch((error) => process.stderr.write(`${error}\n`)), ms)
    await use(url).finally(() => clearTimeout(timer))
  })
}

describe('UPSERT', () => {
  test('lets the last record of a key win, within a batch and between epochs', async () => {
    await withDatabase(async (url) => {
      const key = newKey()
      const sink = sinkOf(url, { table: 'kept', mode: 'UPSERT', key: ['k'], createTable: true })
      await writeEpoch(sink, key, `SELECT * FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) v(k, n)`, 1)
      await writeEpoch(sink, key, `SELECT * FROM (VALUES ('b', 9), ('A', 5), ('b', 4)) v(k, n)`, 2)
      expect(await onServer(url, 'SELECT k, n FROM kept ORDER BY k')).toEqual([
        { k: 'A', n: 5 },
        { k: 'a', n: 3 },
        { k: 'b', n: 4 },
      ])
    })
  })

  test('never takes a row that another unique index meets for the row of the key', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `CREATE TABLE kept (id INT PRIMARY KEY, em VARCHAR(20), v INT, UNIQUE INDEX by_em (em));
         INSERT INTO kept VALUES (1, 'a', 1), (2, NULL, 2)`,
      )
      const sink = sinkOf(url, { table: 'kept', mode: 'UPSERT', key: 'id' })
      for (const wrong of [
        `SELECT 3 AS id, 'a' AS em, 9 AS v`,
        `SELECT 2 AS id, 'a' AS em, 9 AS v`,
        `SELECT * FROM (VALUES (4, 'n', 4), (5, 'n', 5)) v(id, em, v)`,
      ])
        await expect(writeEpoch(sink, newKey(), wrong)).rejects.toMatchObject({
          code: 'sink.refused',
          message: expect.stringMatching(/Duplicate entry '[an]' for key '.*by_em'/),
        })
      const before = [
        { id: 1, em: 'a', v: 1 },
        { id: 2, em: null, v: 2 },
      ]
      expect(await onServer(url, 'SELECT * FROM kept ORDER BY id')).toEqual(before)
      const right = `SELECT * FROM (VALUES (3, 'x', 1), (1, 'b', 5), (3, 'a', 2), (2, NULL, 7)) v(id, em, v)`
      await writeEpoch(sink, newKey(), right)
      expect(await onServer(url, 'SELECT * FROM kept ORDER BY id')).toEqual([
        { id: 1, em: 'b', v: 5 },
        { id: 2, em: null, v: 7 },
        { id: 3, em: 'a', v: 2 },
      ])
    })
  })

  test('is refused for a key whose unique index sees its beginning only', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (k VARCHAR(20), n INT, UNIQUE INDEX (k(3)))')
      const sink = sinkOf(url, { table: 'kept', mode: 'UPSERT', key: 'k' })
      await expect(writeEpoch(sink, newKey(), `SELECT 'abcd' AS k, 2 AS n`)).rejects.toMatchObject({ pointer: '/key' })
    })
  })

  test('is refused for a key without a unique index', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (k INT, n INT)')
      await expect(
        writeEpoch(sinkOf(url, { table: 'kept', mode: 'UPSERT', key: 'k' }), newKey(), 'SELECT 1 AS k, 2 AS n'),
      ).rejects.toMatchObject({
        code: 'sink.unsupported',
        pointer: '/key',
      })
    })
  })
})

describe('columns that the table lacks', () => {
  const select = `SELECT 1 AS id, 'x' AS s, 2.5::DECIMAL(5,2) AS d`

  test.each([
    ['are added by EVOLVE', 'EVOLVE', [{ id: 1, s: 'x', d: '2.50' }]],
    ['are left out by IGNORE', 'IGNORE', [{ id: 1 }]],
  ])('%s', async (_title, onSchemaChange, expected) => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (id INT)')
      const sink = sinkOf(url, { table: 'kept', onSchemaChange })
      expect(await sink.check(await session.describe(select))).toEqual([])
      await writeEpoch(sink, newKey(), select)
      expect(await onServer(url, 'SELECT * FROM kept')).toEqual(expected)
    })
  })

  test('are refused where they cannot be made, before anything is written', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (id INT)')
      const sink = sinkOf(url, { table: 'kept', onSchemaChange: 'EVOLVE' })
      const columns = [
        { name: 'id', type: 'INTEGER' },
        { name: 'n', type: 'TIMESTAMP_NS' },
      ]
      expect((await sink.check(columns)).map(({ code, message }) => [code, message])).toEqual([
        ['schema.mismatch', expect.stringContaining('nanoseconds')],
      ])
    })
  })
})

describe('at the end of the job', () => {
  test('REPLACE swaps everything at once, and only once', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (n INT); INSERT INTO kept VALUES (1)')
      const key = newKey()
      const sink = sinkOf(url, { table: 'kept', mode: 'REPLACE' })
      await writeEpoch(sink, key, 'SELECT 2 AS n')
      expect(await column(url, 'SELECT n FROM kept')).toEqual([1])
      await sink.finish([key], fence({ epoch: 2 }))
      expect(await column(url, 'SELECT n FROM kept')).toEqual([2])
      await sink.prepare([key], [{ name: 'n', type: 'INTEGER' }], fence({ generation: 2 }))
      await sink.finish([key], fence({ generation: 2 }))
      expect(await column(url, 'SELECT n FROM kept')).toEqual([2])
      expect(await column(url, 'SHOW TABLES')).toEqual(['etl_sink_progress', 'kept'])
    })
  })

  test.each([
    [
      'a foreign key of another table',
      'the foreign key refers of child',
      'CREATE TABLE child (n INT, CONSTRAINT refers FOREIGN KEY (n) REFERENCES kept (n)); INSERT INTO child VALUES (1)',
    ],
    [
      'a foreign key of its own',
      'its foreign key refers',
      'CREATE TABLE other (n INT PRIMARY KEY); INSERT INTO other VALUES (1), (2); ALTER TABLE kept ADD CONSTRAINT refers FOREIGN KEY (n) REFERENCES other (n)',
    ],
    ['a trigger', 'its trigger counts', 'CREATE TRIGGER counts BEFORE INSERT ON kept FOR EACH ROW SET @n = 1'],
  ])('REPLACE is refused where the table would lose %s, and nothing is changed', async (_title, named, ddl) => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (n INT PRIMARY KEY); INSERT INTO kept VALUES (1)')
      const input = [{ name: 'n', type: 'INTEGER' }]
      const sink = sinkOf(url, { table: 'kept', mode: 'REPLACE' })
      // Begun before it was tied.
      const key = newKey()
      await writeEpoch(sink, key, 'SELECT 2 AS n')
      await onServer(url, ddl)
      const refusal = { code: 'sink.unsupported', pointer: '/mode', message: expect.stringContaining(named) }
      expect(await sink.check(input)).toMatchObject([refusal])
      await expect(sink.prepare([newKey()], input, fence())).rejects.toMatchObject(refusal)
      await expect(sink.finish([key], fence({ epoch: 2 }))).rejects.toMatchObject(refusal)
      expect(await column(url, 'SELECT n FROM kept')).toEqual([1])
      // The way out that is named.
      const instead = sinkOf(url, { table: 'kept', replaceWhere: '1 = 1' })
      expect(await instead.check(input)).toEqual([])
    })
  })

  test.each([
    ['CASCADE', 'takes along, by ON DELETE CASCADE, all rows that refer to it in child.'],
    ['SET NULL', 'empties, by ON DELETE SET NULL, the references to it in child.'],
    ['RESTRICT', 'MySQL refuses to delete what rows still refer to in child.'],
  ])('the way out of a refused REPLACE says what ON DELETE %s does', async (rule, said) => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `CREATE TABLE kept (n INT PRIMARY KEY); CREATE TABLE child (n INT, FOREIGN KEY (n) REFERENCES kept (n) ON DELETE ${rule})`,
      )
      const [problem] = await sinkOf(url, { table: 'kept', mode: 'REPLACE' }).check([{ name: 'n', type: 'INTEGER' }])
      expect(problem?.hint).toContain(said)
    })
  })

  test('replaceWhere deletes and inserts what its condition names, and only once', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        "CREATE TABLE kept (day DATE, n INT); INSERT INTO kept VALUES ('2001-01-01', 1), ('2001-01-02', 2)",
      )
      const key = newKey()
      const sink = sinkOf(url, { table: 'kept', replaceWhere: "`day` = DATE '2001-01-02'" })
      await writeEpoch(sink, key, `SELECT DATE '2001-01-02' AS day, 3 AS n`)
      expect(await column(url, 'SELECT n FROM kept ORDER BY n')).toEqual([1, 2])
      await sink.finish([key], fence({ epoch: 2 }))
      await sink.finish([key], fence({ epoch: 2 }))
      expect(await column(url, 'SELECT n FROM kept ORDER BY n')).toEqual([1, 3])
    })
  })
})

describe('a target is looked at before the job starts', () => {
  test('and all that does not fit is said at once', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (amount DECIMAL(10,2), day DATE, must INT NOT NULL)')
      const problems = await sinkOf(url, { table: 'kept' }).check([
        { name: 'amuont', type: 'DECIMAL(10,2)' },
        { name: 'day', type: 'VARCHAR' },
      ])
      expect(problems.map(({ message, hint }) => [message, hint])).toEqual([
        ['The table kept has no column `amuont`.', 'Did you mean `amount`?'],
        [
          'The column `day` of kept is date, which does not hold VARCHAR.',
          'Cast it before the sink, or change the table.',
        ],
        ['The column `must` of kept must be given: it is NOT NULL and has no default.', null],
      ])
    })
  })

  test('and a table without transactions is refused', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE kept (n INT) ENGINE = MyISAM')
      const sink = sinkOf(url, { table: 'kept' })
      await expect(sink.prepare([newKey()], [{ name: 'n', type: 'INTEGER' }], fence())).rejects.toMatchObject({
        code: 'sink.unsupported',
      })
      expect((await sink.check([{ name: 'n', type: 'INTEGER' }])).map(({ code }) => code)).toEqual(['sink.unsupported'])
    })
  })
})

describe('a source', () => {
  test('goes on from where it ended with what came since', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE seen (id BIGINT PRIMARY KEY, n INT); INSERT INTO seen VALUES (1, 1), (2, 2)')
      const first = await readAll(sourceOf(url, { table: 'seen' }), session)
      await onServer(url, 'INSERT INTO seen VALUES (9007199254740993, 3)')
      const second = await readAll(sourceOf(url, { table: 'seen' }), session, { from: first.positions.at(-1) })
      expect([first.records.length, second.records]).toEqual([2, [[9007199254740993n, 3]]])
      const incremental = { query: 'SELECT n, id FROM seen', incremental: { column: 'id', from: 1 } }
      const since = await readAll(sourceOf(url, incremental), session)
      await onServer(url, 'INSERT INTO seen VALUES (9007199254740995, 4)')
      const later = await readAll(sourceOf(url, incremental), session, { from: since.positions.at(-1) })
      expect([since.records.length, later.records]).toEqual([2, [[4, 9007199254740995n]]])
    })
  })

  test('tells values apart that no type holds', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        "SET sql_mode = ''; CREATE TABLE odd (id INT PRIMARY KEY, day DATE); INSERT INTO odd VALUES (1, '2001-01-01'), (2, '0000-00-00'), (3, '2001-01-03')",
      )
      const { records, rejected } = await readAll(sourceOf(url, { table: 'odd' }), session)
      expect(records).toEqual([
        [1, '2001-01-01'],
        [3, '2001-01-03'],
      ])
      expect(rejected).toMatchObject([{ place: { table: 'odd', record: 1 }, code: 'record.bad' }])
    })
  })

  test('names a table or column that there is not', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE seen (amount INT)')
      await expect(sourceOf(url, { table: 'none' }).schema()).rejects.toMatchObject({ code: 'source.missing' })
      await expect(sourceOf(url, { table: 'seen', columns: ['amuont'] }).schema()).rejects.toMatchObject({
        hint: 'Did you mean `amount`?',
      })
    })
  })
})

describe('a connection', () => {
  const password = 'pa55-word'
  test.each([
    ['to nobody', () => `mysql://root:${password}@127.0.0.1:1/x`, 'connection.refused'],
    ['with a wrong password', () => withUser(`nobody:${password}`), 'connection.denied'],
    ['to a database of another kind', () => `oracle://x:${password}@127.0.0.1/x`, 'config.invalid'],
    ['to a database that there is not', () => new URL('/not_there', serverUrl()).toString(), 'source.missing'],
  ])('%s is refused in words, without its password', async (_name, url, code) => {
    const checked = jdbc.connection!.check({ url: url() }, ctx)
    await expect(checked).rejects.toMatchObject({ code })
    await expect(checked).rejects.not.toThrow(password)
  })
})

function serverUrl(): string {
  return process.env.ETL_TEST_MYSQL_URL ?? ''
}

function withUser(user: string): string {
  return serverUrl().replace(/\/\/([^@]*@)?/, `//${user}@`)
}
