import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sinkConfig, sourceConfig } from '../../../../connectors/file/config.js'
import { fileSink } from '../../../../connectors/file/sink.js'
import { fileSource } from '../../../../connectors/file/source.js'
import type { SinkKey } from '../../../../connectors/spi.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { readAll } from '../../../conformance/read-all.js'
import { fence, mark } from '../../../conformance/sink-suite.js'
import { until } from '../../../support/until.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-sink-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const sink = (config: Record<string, unknown>) =>
  fileSink(sinkConfig.parse({ path: 'out', format: 'csv', ...config }), {
    base: folder,
    fileRoots: [folder],
    signal: new AbortController().signal,
  })
const newKey = (): SinkKey => ({ lineageId: randomUUID(), sinkUid: 'out', subtask: 0 })
const visible = async (path = 'out') => (await readdir(join(folder, path))).filter((name) => !/^[._]/.test(name)).sort()
const content = (path: string) => readFile(join(folder, path), 'utf8')

async function writeEpoch(config: Record<string, unknown>, key: SinkKey, epoch: number, ...selects: string[]) {
  const written = sink(config)
  const schema = await session.describe(selects[0]!)
  await written.prepare([key], schema, fence())
  const open = await written.open(key, fence({ epoch }), schema)
  for (const select of selects) {
    await session.run(`CREATE OR REPLACE TABLE written AS ${select}`)
    const records = await session.count('SELECT count(*) FROM written')
    await open.append({ table: '"written"', schema, records }, session)
  }
  await open.commit(mark(epoch, 1))
  await open.close()
}
/** As a source of this connector reads them, numbers as such. */
async function readBack(path: string, more: Record<string, unknown> = {}): Promise<unknown[][]> {
  const ctx = { base: folder, fileRoots: [folder], signal: new AbortController().signal }
  const { records } = await readAll(fileSource(sourceConfig.parse({ path, ...more }), ctx), session)
  return records.map((record) => record.map((value) => (typeof value === 'bigint' ? Number(value) : value)))
}
const finish = (config: Record<string, unknown>, key: SinkKey, epoch = 99) =>
  sink(config).finish([key], fence({ epoch, activityAttempt: 2 }))

describe('parts', () => {
  test('have a header each, hold the batches of an epoch, and sort in commit order', async () => {
    const key = newKey()
    await writeEpoch({}, key, 9, "SELECT 1 AS id, 'a,b' AS s", "SELECT 2 AS id, NULL AS s UNION ALL SELECT 3, ''")
    await writeEpoch({}, key, 10, "SELECT 4 AS id, 'x' AS s")
    const names = await visible()
    expect(await Promise.all(names.map((name) => content(`out/${name}`)))).toEqual([
      'id,s\n1,"a,b"\n2,\n3,""\n',
      'id,s\n4,x\n',
    ])
  })

  test('that were committed and not published are published by whoever opens next', async () => {
    const key = newKey()
    await writeEpoch({}, key, 1, 'SELECT 1 AS id')
    const [name] = await visible()
    const log = join(folder, 'out/_etl', (await readdir(join(folder, 'out/_etl')))[0]!, 'subtask-0')
    const manifest = JSON.parse(await readFile(join(log, '000000002.json'), 'utf8')) as { parts: { staged: string }[] }
    await rename(join(folder, 'out', name!), join(log, 'staged', manifest.parts[0]!.staged))
    expect(await visible()).toEqual([])
    const next = await sink({}).open(key, fence({ attempt: 2 }), [])
    await next.close()
    expect(await visible()).toEqual([name])
  })
})

test('what a writer that was killed had staged is cleared away by the next', async () => {
  const key = newKey()
  await writeEpoch({}, key, 1, 'SELECT 1 AS id')
  const killed = await sink({ format: 'parquet' }).open(key, fence({ epoch: 2 }), [])
  await session.run('CREATE OR REPLACE TABLE written AS SELECT 2 AS id')
  await killed.append({ table: '"written"', schema: [{ name: 'id', type: 'INTEGER' }], records: 1 }, session)
  const staged = async () =>
    (await readdir(join(folder, 'out/_etl'), { recursive: true })).filter((name) => /staged./.test(name)).length
  await until('it is staged', async () => (await staged()) === 1)
  const next = await sink({}).open(key, fence({ epoch: 2, activityAttempt: 2 }), [])
  expect(await staged()).toBe(0)
  await next.close()
})

test('REPLACE leaves what was there until the job ends, and then nothing of it', async () => {
  await writeEpoch({}, newKey(), 1, 'SELECT 1 AS id')
  const before = await visible()
  const key = newKey()
  await writeEpoch({ mode: 'REPLACE' }, key, 1, 'SELECT 2 AS id')
  expect(await visible()).toEqual(before)
  await finish({ mode: 'REPLACE' }, key)
  await finish({ mode: 'REPLACE' }, key)
  const after = await visible()
  expect(after).toHaveLength(1)
  expect(await content(`out/${after[0]}`)).toBe('id\n2\n')
})

describe('compressed', () => {
  test.each([
    ['csv', 'gzip', '.csv.gz'],
    ['csv', 'zstd', '.csv.zst'],
    ['jsonl', 'gzip', '.jsonl.gz'],
    ['json', 'zstd', '.json.zst'],
  ])(
    '%s by %s is read again by this connector, batches and epochs in order',
    async (format, compression, extension) => {
      const key = newKey()
      await writeEpoch({ format, compression }, key, 1, "SELECT 1 AS id, 'ä' AS s", "SELECT 2 AS id, 'b' AS s")
      await writeEpoch({ format, compression }, key, 2, "SELECT 3 AS id, 'c' AS s")
      expect((await visible()).every((name) => name.endsWith(extension))).toBe(true)
      expect(await readBack(`out/*${extension}`)).toEqual([
        [1, 'ä'],
        [2, 'b'],
        [3, 'c'],
      ])
    },
  )

  test('Parquet takes any that it knows, and other formats only what their readers unpack', async () => {
    for (const compression of ['none', 'gzip', 'zstd', 'snappy', 'lz4']) {
      const path = `p-${compression}`
      await writeEpoch({ format: 'parquet', compression, path }, newKey(), 1, 'SELECT range AS id FROM range(1000)')
      const [name = ''] = await visible(path)
      await writeFile(join(session.folder, name), await readFile(join(folder, path, name)))
      const codec = `SELECT DISTINCT compression FROM parquet_metadata('${session.folder}/${name}')`
      expect(await session.rows(codec)).toEqual([
        [{ none: 'UNCOMPRESSED', lz4: 'LZ4_RAW' }[compression] ?? compression.toUpperCase()],
      ])
    }
    expect(sinkConfig.safeParse({ path: 'x', format: 'csv', compression: 'snappy' }).error?.issues).toMatchObject([
      { path: ['compression'] },
    ])
  })

  test.each(['one.csv.gz', 'one.jsonl.zst', 'one.json.gz'])(
    'a single file is, as its name says, also where it is continued: %s',
    async (path) => {
      const config = { path, format: undefined, singleFile: true }
      const key = newKey()
      for (const epoch of [1, 2]) {
        await writeEpoch(config, key, epoch, `SELECT ${epoch} AS id`, `SELECT ${epoch * 10} AS id`)
        await finish(config, key, epoch)
      }
      expect(await readBack(path)).toEqual([[1], [10], [2], [20]])
      await writeEpoch({ ...config, path: `no-${path}` }, key, 3, 'SELECT 1 AS id WHERE false')
      await finish({ ...config, path: `no-${path}` }, key, 3)
      expect(await readBack(`no-${path}`, { columns: { id: 'BIGINT' } })).toEqual([])
    },
  )
})

describe('partitioned', () => {
  test('a value that no folder can be named by is a bad record, and the others are written', async () => {
    const key = newKey()
    const written = sink({ partitionBy: ['p'], format: 'parquet' })
    const values = `SELECT * FROM (VALUES (1, 'a'), (2, repeat('ü', 60)), (3, repeat('x', 300)), (4, NULL)) AS v(id, p)`
    const schema = await session.describe(values)
    await written.prepare([key], schema, fence())
    const open = await written.open(key, fence(), schema)
    await session.run(`CREATE OR REPLACE TABLE written AS ${values}`)
    expect(await open.append({ table: '"written"', schema, records: 4 }, session)).toEqual([
      {
        rowid: 1,
        code: 'record.bad',
        message: expect.stringMatching(/^`p` would name a folder of 362 bytes, of which 255 are the most: üüü/),
      },
      { rowid: 2, code: 'record.bad', message: expect.stringMatching(/302 bytes/) },
    ])
    await open.commit(mark(1, 2))
    await open.close()
    expect((await readdir(join(folder, 'out'))).filter((name) => name.startsWith('p='))).toEqual([
      'p=__HIVE_DEFAULT_PARTITION__',
      'p=a',
    ])
  })

  const config = { partitionBy: ['dt', 'c'] }

  test('records lie in folders named by their values, in source order, and the files leave these out', async () => {
    const select = `SELECT * FROM (VALUES (1, DATE '2026-01-31', 'a/b'), (2, DATE '2026-02-01', NULL), (3, DATE '2026-01-31', 'a/b'), (4, DATE '2026-02-01', 'ü')) v (id, dt, c)`
    await writeEpoch(config, newKey(), 1, select, select)
    const files = (await readdir(join(folder, 'out'), { recursive: true })).filter((name) => /^dt.*csv$/.test(name))
    expect(files.map((name) => name.slice(0, name.lastIndexOf('/'))).sort()).toEqual([
      'dt=2026-01-31/c=a%2Fb',
      'dt=2026-02-01/c=%C3%BC',
      'dt=2026-02-01/c=__HIVE_DEFAULT_PARTITION__',
    ])
    const twice = files.find((name) => name.includes('a%2Fb'))
    expect(await content(`out/${twice}`)).toBe('id\n1\n3\n1\n3\n')
    // Others take them apart as they were.
    await rename(join(folder, 'out'), join(session.folder, 'hive'))
    expect(
      await session.rows(
        `SELECT id, dt, c FROM read_csv('${session.folder}/hive/*/*/*.csv', hive_partitioning = true) ORDER BY ALL LIMIT 3`,
      ),
    ).toEqual([
      [1n, '2026-01-31', 'a/b'],
      [1n, '2026-01-31', 'a/b'],
      [2n, '2026-02-01', null],
    ])
  })

  test.each(['csv', 'parquet', 'jsonl'])(
    'is read back by this connector, types and missing values too: %s',
    async (format) => {
      const select =
        "SELECT range AS id, CASE WHEN range % 3 > 0 THEN DATE '2026-01-31' + (range % 3)::INTEGER END AS dt, 'a/=' || range % 2 AS c FROM range(100)"
      await writeEpoch({ ...config, format }, newKey(), 1, select)
      const pathColumns = { dt: 'DATE', c: 'VARCHAR' }
      const back = await readBack(`out/**/*.${format}`, { pathColumns })
      expect(back.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(
        (await session.rows(select)).map(([id, ...others]) => [Number(id), ...others]),
      )
      for (const wrong of [{ d: 'DATE' }, { c: 'DATE' }])
        await expect(readBack(`out/**/*.${format}`, { pathColumns: wrong })).rejects.toMatchObject({
          code: 'schema.mismatch',
          pointer: expect.stringMatching(/^.pathColumns/),
        })
    },
  )

  test('REPLACE leaves nothing of what other values had, and what is not its own', async () => {
    await writeEpoch(config, newKey(), 1, "SELECT 1 AS id, 'x' AS dt, 'y' AS c")
    await mkdir(join(folder, 'out/notes'))
    await writeFile(join(folder, 'out/notes/x.txt'), 'x')
    const key = newKey()
    await writeEpoch({ ...config, mode: 'REPLACE' }, key, 1, "SELECT 2 AS id, 'z' AS dt, 'y' AS c")
    await finish({ ...config, mode: 'REPLACE' }, key)
    const left = (await readdir(join(folder, 'out'), { recursive: true })).filter((name) => /^[^_].*[.]/.test(name))
    expect(left.map((name) => name.replace(/part-.*/, 'part'))).toEqual(
      expect.arrayContaining(['dt=z/c=y/part', 'notes/x.txt']),
    )
    expect(left).toHaveLength(2)
  })

  test('by a column that is not there is a problem of the spec, as by all of them', async () => {
    const input = [{ name: 'dt', type: 'DATE' }]
    expect(await sink({ partitionBy: ['dx'] }).check([...input, { name: 'a', type: 'BIGINT' }])).toMatchObject([
      { pointer: '/partitionBy/0', hint: 'Did you mean `dt`?' },
    ])
    expect(await sink({ partitionBy: ['dt'] }).check(input)).toMatchObject([{ pointer: '/partitionBy' }])
  })
})

test.each(['csv', 'jsonl', 'json', 'parquet'])(
  'parts of %s are no larger than is said, and hold all',
  async (format) => {
    const config = { format, maxFileSize: '40KiB' }
    const select = (n: number) =>
      `SELECT range AS id, repeat(md5(range::VARCHAR), CASE WHEN range % 7 = 0 THEN 9 ELSE 1 END) AS s FROM range(${n * 3000}, ${n * 3000 + 3000})`
    await writeEpoch(config, newKey(), 1, select(0), select(1), select(2))
    const names = await visible()
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, 'out', name))).size))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(40 * 1024)
    // Not in crumbs either.
    expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(15 * 1024)
    const ids = (await readBack(`out/*.${format}`)).map(([id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: 9000 }, (_, id) => id))
  },
)

describe('a single file', () => {
  const config = { path: 'one.csv', singleFile: true }

  test('appears when the job ends, with one header and the epochs in order', async () => {
    const key = newKey()
    for (const epoch of [1, 2, 10]) await writeEpoch(config, key, epoch, `SELECT ${epoch} AS "i""d"`)
    await expect(stat(join(folder, 'one.csv'))).rejects.toThrow('ENOENT')
    await finish(config, key)
    await finish(config, key)
    expect(await content('one.csv')).toBe('"i""d"\n1\n2\n10\n')
  })

  test.each([0, 2, 5, 10])(
    'is whole where a finish taken for lost goes on beside the next one, %i ms later',
    async (delay) => {
      await writeFile(join(folder, 'one.csv'), 'id\n0\n')
      const key = newKey()
      for (const epoch of [1, 2, 3, 4]) await writeEpoch(config, key, epoch, `SELECT ${epoch} AS id FROM range(100000)`)
      const lost = sink(config).finish([key], fence({ epoch: 5, activityAttempt: 1 }))
      lost.catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, delay))
      await sink(config).finish([key], fence({ epoch: 5, activityAttempt: 2 }))
      await lost.catch(() => undefined)
      const lines = (await content('one.csv')).trimEnd().split('\n')
      expect(lines).toHaveLength(1 + 1 + 4 * 100_000)
    },
  )

  test('is continued by APPEND, also by the same lineage, and begun anew by REPLACE', async () => {
    await writeFile(join(folder, 'one.csv'), 'id\n0\n')
    const key = newKey()
    await writeEpoch(config, key, 1, 'SELECT 1 AS id')
    await finish(config, key, 1)
    await writeEpoch(config, key, 2, 'SELECT 2 AS id')
    await finish(config, key, 2)
    expect(await content('one.csv')).toBe('id\n0\n1\n2\n')
    const other = newKey()
    await writeEpoch({ ...config, mode: 'REPLACE' }, other, 1, 'SELECT 7 AS id')
    await finish({ ...config, mode: 'REPLACE' }, other)
    expect(await content('one.csv')).toBe('id\n7\n')
  })

  test.each([
    ['json', '[]'],
    ['csv', 'id\n'],
    ['jsonl', ''],
  ])('of %s is a file also without records', async (format, empty) => {
    const key = newKey()
    const without = { path: `none.${format}`, format, singleFile: true }
    await writeEpoch(without, key, 1, 'SELECT 1 AS id WHERE false')
    await finish(without, key)
    expect((await content(`none.${format}`)).replace(/\s/g, '')).toBe(empty.trim())
  })

  test.each(['parquet', 'json', 'jsonl'])('of %s holds all records', async (format) => {
    const key = newKey()
    const one = { path: `all.${format}`, format, singleFile: true }
    await writeEpoch(one, key, 1, 'SELECT 1 AS id', 'SELECT 2 AS id')
    await writeEpoch(one, key, 2, 'SELECT 3 AS id')
    await finish(one, key)
    await writeFile(join(session.folder, `all.${format}`), await readFile(join(folder, `all.${format}`)))
    expect(await session.rows(`SELECT id::INTEGER FROM '${session.folder}/all.${format}'`)).toEqual([[1], [2], [3]])
  })
})

test('a path that cannot be written is a problem of the spec', async () => {
  await writeFile(join(folder, 'file.csv'), 'x')
  expect(await sink({ path: 'file.csv' }).check([])).toMatchObject([{ pointer: '/path', code: 'config.invalid' }])
  expect(await sink({ path: '../elsewhere' }).check([])).toMatchObject([{ pointer: '/path', code: 'config.invalid' }])
  expect(await sink({ path: 'new' }).check([])).toEqual([])
})

test.each([
  ['csv', "SELECT unnest(['a', NULL, '', NULL, 'b']) AS v", {}, ['a', '', 'b'], [1, 3]],
  ['csv', "SELECT unnest([NULL, 1]) AS v, 'x' AS p", { partitionBy: ['p'] }, [1], [0]],
  ['csv', 'SELECT unnest([NULL, NULL]) AS v', {}, [], [0, 1]],
  ['csv', "SELECT unnest([NULL, 1]) AS v, 'x' AS p", {}, [null, 1], []],
  ['jsonl', 'SELECT unnest([NULL, 1]) AS v', {}, [null, 1], []],
])('%s: no record is a blank line, which nobody would read: %s, %j', async (format, select, more, values, refused) => {
  const config = { format, ...more }
  const [written, key] = [sink(config), newKey()]
  await session.run(`CREATE TABLE lines AS ${select}`)
  const schema = await session.describe('SELECT * FROM lines')
  await written.prepare([key], schema, fence())
  const open = await written.open(key, fence({ epoch: 1 }), schema)
  const rejected = await open.append(
    { table: '"lines"', schema, records: await session.count('SELECT count(*) FROM lines') },
    session,
  )
  await open.commit(mark(1, 1))
  await open.close()
  expect(rejected.map(({ rowid }) => rowid)).toEqual(refused)
  const back = values.length === 0 ? [] : await readBack(`out/**/*.${format}`, { columns: { v: schema[0]!.type } })
  expect(back.map(([v]) => v)).toEqual(values)
})

test('a value that no folder can be named by is refused, and the others are written', async () => {
  const [written, key] = [sink({ format: 'jsonl', partitionBy: ['p'] }), newKey()]
  await session.run(
    "CREATE TABLE lines AS SELECT * FROM (VALUES (0, 'x' || chr(0) || 'y'), (1, '__HIVE_DEFAULT_PARTITION__'), (2, NULL), (3, 'z')) v(n, p)",
  )
  const schema = await session.describe('SELECT * FROM lines')
  await written.prepare([key], schema, fence())
  const open = await written.open(key, fence({ epoch: 1 }), schema)
  const rejected = await open.append({ table: '"lines"', schema, records: 4 }, session)
  await open.commit(mark(1, 2))
  await open.close()
  expect(rejected.map(({ rowid, message }) => [rowid, message])).toEqual([
    [0, expect.stringContaining('NUL')],
    [1, expect.stringContaining('__HIVE_DEFAULT_PARTITION__')],
  ])
})
