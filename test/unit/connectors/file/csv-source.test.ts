import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sourceConfig } from '../../../../connectors/file/config.js'
import { fileSource } from '../../../../connectors/file/source.js'
import type { Position } from '../../../../core/execution/plan.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { readAll } from '../../../conformance/read-all.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-source-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 2 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const source = (config: Record<string, unknown>) =>
  fileSource(sourceConfig.parse({ path: 'x.csv', ...config }), {
    base: folder,
    fileRoots: [folder],
    signal: new AbortController().signal,
  })
const write = (content: string | Uint8Array, name = 'x.csv') => writeFile(join(folder, name), content)
const read = async (content: string | Uint8Array, config: Record<string, unknown> = {}) => {
  await write(content)
  return readAll(source(config), session)
}
const columns = { a: 'VARCHAR', b: 'BIGINT' }

describe('CSV is read', () => {
  test('with quoted line ends, doubled quotes, an order mark and no last line end', async () => {
    const { records, places } = await read('\ufeffa,b\n"x\ny",1\n"say ""hi""",2\nz,3', { columns })
    expect(records).toEqual([
      ['x\ny', 1n],
      ['say "hi"', 2n],
      ['z', 3n],
    ])
    expect(places.map((place) => place.line)).toEqual([2, 4, 5])
  })

  test('with CR LF, LF and both in one file, blank lines skipped', async () => {
    expect((await read('a,b\r\nx,1\r\n"p\r\nq",2\r\n', { columns })).records).toEqual([
      ['x', 1n],
      ['p\r\nq', 2n],
    ])
    expect((await read('a,b\nx,1\r\n\r\ny,2\n\nz,3\r\n', { columns })).records).toEqual([
      ['x', 1n],
      ['y', 2n],
      ['z', 3n],
    ])
    expect((await read('a\nx\n\n\ny\n', { columns: { a: 'VARCHAR' } })).records).toEqual([['x'], ['y']])
  })

  test('with empty fields as no value, empty quotes as an empty text, and the text NULL as text', async () => {
    const { records } = await read('a,b\n,1\n"",2\nNULL,3\nNA,\n', { columns })
    expect(records).toEqual([
      [null, 1n],
      ['', 2n],
      ['NULL', 3n],
      ['NA', null],
    ])
    const named = await read('a,b\nNA,NA\n"NA",1\n,2\n', { columns, nullString: 'NA' })
    expect(named.records).toEqual([
      [null, null],
      ['NA', 1n],
      [null, 2n],
    ])
  })

  test('by the names of the header, in the order and number that were declared', async () => {
    const { records } = await read('c,b,a\nskipped,1,x\n', { columns })
    expect(records).toEqual([['x', 1n]])
  })

  test('with another delimiter, quote and escape, without a header, after lines to skip', async () => {
    const content = "made today\n\n'it\\'s; so';1\nplain;2\n"
    const { records } = await read(content, {
      columns,
      delimiter: ';',
      quote: "'",
      escape: '\\',
      header: false,
      skipRows: 2,
    })
    expect(records).toEqual([
      ["it's; so", 1n],
      ['plain', 2n],
    ])
  })

  test('in other encodings and compressed', async () => {
    const text = 'a,b\nGrüße,1\n'
    expect((await read(Buffer.from(text, 'latin1'), { columns, encoding: 'latin-1' })).records).toEqual([['Grüße', 1n]])
    expect((await read(Buffer.from(`\ufeff${text}`, 'utf16le'), { columns, encoding: 'utf-16' })).records).toEqual([
      ['Grüße', 1n],
    ])
    expect((await read(gzipSync(text), { columns, compression: 'gzip' })).records).toEqual([['Grüße', 1n]])
  })

  test('with its own ways to write dates', async () => {
    const config = { columns: { d: 'DATE', t: 'TIMESTAMP' }, dateFormat: '%d.%m.%Y', timestampFormat: '%d.%m.%Y %H:%M' }
    const { records } = await read('d,t\n24.12.2001,24.12.2001 18:30\n', config)
    expect(records).toEqual([['2001-12-24', '2001-12-24 18:30:00']])
  })

  test('file after file in the order of their names, each with its header', async () => {
    await write('a,b\nx,1\n', 'p-1.csv')
    await write('b,a\n2,y\n', 'p-2.csv')
    await write('a,b\nhidden,9\n', '_p-3.csv')
    const { records } = await readAll(source({ path: 'p-*.csv', columns }), session)
    expect(records).toEqual([
      ['x', 1n],
      ['y', 2n],
    ])
  })

  test('when it is empty, or a header and nothing else', async () => {
    expect((await read('', { columns })).records).toEqual([])
    expect((await read('a,b\n', { columns })).records).toEqual([])
    expect((await read('a,b', { columns })).records).toEqual([])
  })
})

describe('columns', () => {
  test('are inferred with the types of their values; dates that are not ISO stay text', async () => {
    await write('id,name,at,day,price\n1,x,2001-01-01 10:00:00,24.12.2001,1.5\n2,y,2001-01-02 10:00:00,25.12.2001,2\n')
    expect(await source({}).schema()).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'name', type: 'VARCHAR' },
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'day', type: 'VARCHAR' },
      { name: 'price', type: 'DOUBLE' },
    ])
  })

  test('are inferred as text where a DOUBLE would lose digits that stand there', async () => {
    const cases: Readonly<Record<string, string>> = {
      '12345678901234567.89': 'VARCHAR',
      '3.14159265358979323846': 'VARCHAR',
      '-0.1234567890123456789': 'VARCHAR',
      '12345678901234567890.5': 'VARCHAR',
      '0.30000000000000004': 'DOUBLE',
      '0.10000000000000001': 'DOUBLE',
      '123456.50000000000000000': 'DOUBLE',
      '1.2345678901234567e-05': 'DOUBLE',
      '12345678901234.5': 'DOUBLE',
    }
    const values = Object.keys(cases)
    await write(
      `${values.map((_, at) => `c${at}`).join(',')}\n${values.map(() => '1.5').join(',')}\n${values.join(',')}\n`,
    )
    const found = await source({}).schema()
    expect(Object.fromEntries(found.map(({ type }, at) => [values[at], type]))).toEqual(cases)
  })

  test('are inferred from 8 MiB, whatever is read at once, and whatever the line ends', async () => {
    const many = '10000000,1000\n'.repeat(400_000)
    await write(`id,price\r\n${many}1,1.5\n${many}`)
    expect(await source({}).schema()).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'price', type: 'DOUBLE' },
    ])
  })

  test('are inferred beside a very long value', async () => {
    await write(`id,note\n1,${'x'.repeat(5_000_000)}\n2,y\n`)
    expect(await source({}).schema()).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'note', type: 'VARCHAR' },
    ])
  })

  test('that the file does not have are named with the nearest that it has', async () => {
    await write('amount,b\n1,1\n')
    await expect(readAll(source({ columns: { amuont: 'BIGINT' } }), session)).rejects.toMatchObject({
      code: 'schema.mismatch',
      hint: 'Did you mean `amount`?',
      pointer: '/columns/amuont',
    })
  })

  test('of a type that there is not are refused', async () => {
    await write('a\n1\n')
    await expect(source({ columns: { a: 'INTT' } }).schema()).rejects.toMatchObject({
      code: 'config.invalid',
      pointer: '/columns/a',
    })
    await expect(source({ columns: { a: "BIGINT'}); DROP TABLE x; --" } }).schema()).rejects.toMatchObject({
      code: 'config.invalid',
    })
  })
})

describe('bad records', () => {
  test('are told apart with their lines, and the rest is read', async () => {
    const content = 'a,b\nx,1\nbad,zz\n"q\nw",3\ntoo few\nmany,1,2\nlast,4\n'
    const { records, rejected, places } = await read(content, { columns })
    expect(records).toEqual([
      ['x', 1n],
      ['q\nw', 3n],
      ['last', 4n],
    ])
    expect(rejected.map(({ place, original }) => [place.line, original])).toEqual([
      [3, 'bad,zz'],
      [6, 'too few'],
      [7, 'many,1,2'],
    ])
    expect(rejected[0]!.message).toContain('"zz"')
    expect(places.map((place) => place.line)).toEqual([2, 4, 8])
  })

  test('are found by their bytes: not UTF-8, a quote in the wrong place, one that is never closed', async () => {
    const content = Buffer.concat([
      Buffer.from('a,b\nx,1\n'),
      Buffer.from([0x78, 0xff, 0x2c, 0x31, 0x0a]),
      Buffer.from('"y"z,2\nq,3\n"open,4\nv,5\n'),
    ])
    const { records, rejected } = await read(content, { columns })
    expect(records).toEqual([
      ['x', 1n],
      ['q', 3n],
    ])
    expect(rejected.map(({ place }) => place.line)).toEqual([3, 4, 6])
    expect(rejected[2]!.original).toBe('"open,4\nv,5\n')
  })

  test('by the hundred take no time to speak of', async () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => (n % 100 === 7 ? `x${n},bad` : `x${n},${n}`))
    const { records, rejected } = await read(`a,b\n${lines.join('\n')}\n`, { columns })
    expect([records.length, rejected.length]).toEqual([49_500, 500])
    expect(rejected[1]!.place).toMatchObject({ line: 109, record: 107 })
  })

  test('too long to hold are refused with file and line', async () => {
    await write(`a,b\nx,1\n"${'z'.repeat(130 * 1024 * 1024)}",2\n`)
    await expect(readAll(source({ columns }), session)).rejects.toMatchObject({
      code: 'record.bad',
      message: expect.stringMatching(/line 3 of .*x\.csv is longer than 128 MiB/),
    })
  })

  test('are not what long ones are', async () => {
    const { records, rejected } = await read(`a,b\nx,1\n"${'z'.repeat(5_000_000)}",2\n`, { columns })
    expect(rejected).toEqual([])
    expect(records.map(([a]) => String(a).length)).toEqual([1, 5_000_000])
  })
})

describe('a plan', () => {
  test('keeps the listing of the first; a changed file is noticed', async () => {
    await write('a,b\nx,1\ny,2\n')
    const plan = await source({ columns }).plan(null, { records: 1, bytes: 1 }, 1)
    await write('a,b\nz,9\n', 'y.csv')
    await utimes(join(folder, 'x.csv'), 1, 1)
    const rest = readAll(source({ columns }), session, { from: plan.to })
    await rest.catch(() => {})
    const capture = { existing: async () => null, keep: async () => '' }
    const opened = source({ columns })
    const batches = opened.read(plan.splits[0]![0], await opened.schema(), session, capture)
    await expect(batches.next()).rejects.toMatchObject({ code: 'source.changed' })
  })

  test('carries few bytes along for each of many files, and reads none of them twice', async () => {
    const columns = { id: 'BIGINT' }
    let position: Position | null = null
    const ids: unknown[] = []
    for (let round = 0; round < 30; round += 1) {
      for (let n = 0; n < 10; n += 1)
        await writeFile(join(folder, `a-rather-long-name-of-a-file-${n}-${round}.csv`), `id\n${round * 10 + n}\n`)
      const { records, positions } = await readAll(source({ path: 'a-rather*.csv', columns }), session, {
        from: position,
      })
      ids.push(...records.flat().map(Number))
      position = positions.at(-1) ?? position
    }
    expect(ids.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 300 }, (_, id) => id))
    expect(JSON.stringify(position).length).toBeLessThan(300 * 12 + 10 * 200)
  })

  test('begins before there is any, where it watches', async () => {
    const watched = source({ path: 'w-*.csv', columns, watch: true })
    const none = await watched.plan(null, { records: 9, bytes: 999 }, 1)
    expect(none).toMatchObject({ splits: [[]], end: false })
    const waiting = watched.awaitInput?.(none.to)
    await write('a,b\nx,1\n', 'w-1.csv')
    await waiting
    const then = await watched.plan(none.to, { records: 9, bytes: 999 }, 1)
    expect(then.splits.flat()).toHaveLength(1)
  })

  test('goes on with files that appeared since the end was reached', async () => {
    await write('a,b\nx,1\n', 'p-1.csv')
    const first = await readAll(source({ path: 'p-*.csv', columns }), session)
    const nothing = await readAll(source({ path: 'p-*.csv', columns }), session, { from: first.positions.at(-1) })
    expect(nothing.records).toEqual([])
    await write('a,b\ny,2\n', 'p-2.csv')
    const second = await readAll(source({ path: 'p-*.csv', columns }), session, { from: first.positions.at(-1) })
    expect(second.records).toEqual([['y', 2n]])
  })

  test('stays inside the roots, and says which file is missing', async () => {
    await expect(source({ path: '../x.csv' }).plan(null, { records: 1, bytes: 1 }, 1)).rejects.toMatchObject({
      code: 'config.invalid',
    })
    await expect(source({ path: 'none.csv' }).plan(null, { records: 1, bytes: 1 }, 1)).rejects.toMatchObject({
      code: 'source.missing',
    })
    await expect(source({ path: 'n*.csv' }).plan(null, { records: 1, bytes: 1 }, 1)).rejects.toMatchObject({
      code: 'source.missing',
    })
  })
})

const field = fc.oneof(
  fc.constantFrom('', 'x', ' ', '"', '""', ',', '\n', '\r\n', 'a"b', ' "q"', 'NULL', '\\', 'é', '🜚', ' x '),
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((value) => !/\r(?!\n)/.test(value)),
)
const quoted = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)

test('any records come out the same, whatever the budget, the parallelism and the line ends', async () => {
  const record = fc.tuple(fc.option(field, { nil: null }), fc.integer(), fc.option(field, { nil: null }))
  const property = fc.asyncProperty(
    fc.array(record, { maxLength: 30 }),
    fc.constantFrom('\n', '\r\n'),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 120 }),
    fc.integer({ min: 1, max: 3 }),
    fc.boolean(),
    async (records, lineEnd, budgetRecords, budgetBytes, parallelism, lastEnd) => {
      const lines = ['a,b,c', ...records.map(([a, b, c]) => [quoted(a), String(b), quoted(c)].join(','))]
      await write(lines.join(lineEnd) + (lastEnd ? lineEnd : ''))
      const config = { columns: { a: 'VARCHAR', b: 'BIGINT', c: 'VARCHAR' } }
      const all = await readAll(source(config), session, {
        budget: { records: budgetRecords, bytes: budgetBytes },
        parallelism,
      })
      expect(all.rejected).toEqual([])
      expect(all.records).toEqual(records.map(([a, b, c]) => [a, BigInt(b), c]))
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

test.each([
  ['dateFormat', '%Q', '%d.%m.%Y'],
  ['dateFormat', 'dd.MM.yyyy', '%-d/%-m/%y'],
  ['timestampFormat', '%Y-%', '%Y-%m-%dT%H:%M:%S.%f%z'],
  ['timestampFormat', '%-Q', '100%% %c'],
  ['delimiter', '§', '\t'],
  ['quote', '«', "'"],
  ['escape', '€', '\\'],
])('%s: %j is refused where it is written, %j is not', (field, wrong, right) => {
  const checked = (value: string) => sourceConfig.safeParse({ path: 'x.csv', [field]: value })
  expect(checked(wrong).error?.issues[0]?.path).toEqual([field])
  expect(checked(right).success).toBe(true)
})

test('each way to write times that is let through is one that is known', async () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%'].flatMap((one) => [`%${one}`, `%-${one}`])
  for (const timestampFormat of letters) {
    const isTaken = sourceConfig.safeParse({ path: 'x.csv', timestampFormat }).success
    const isKnown = await session.run(`SELECT try_strptime('2020', '${timestampFormat}')`).then(
      () => true,
      () => false,
    )
    expect([timestampFormat, isTaken]).toEqual([timestampFormat, isKnown])
  }
})

const moments: readonly (readonly [text: string, value: string | null])[] = [
  ['2026-01-01T00:00:00+02:00', '2025-12-31 22:00:00'],
  ['2026-01-01 00:00:00.123456-0530', '2026-01-01 05:30:00.123456'],
  ['2026-01-01 00:00:00Z', '2026-01-01 00:00:00'],
  ['2026-01-01 00:00:00.5', '2026-01-01 00:00:00.5'],
  ['2026-01-01', '2026-01-01 00:00:00'],
  ['1500-01-01 10:00:00+01', '1500-01-01 09:00:00'],
  ['soon', null],
]
test.each(['x.csv', 'x.jsonl', 'x.json'])(
  'a moment that is written with a zone stays that moment: %s',
  async (path) => {
    const texts = moments.map(([text]) => (path === 'x.csv' ? text : JSON.stringify({ v: text })))
    const lines = path === 'x.csv' ? ['v', ...texts] : texts
    await write(path === 'x.json' ? `[${texts.join(',')}]` : lines.join('\n'), path)
    const { records, rejected } = await readAll(source({ path, columns: { v: 'TIMESTAMP' } }), session)
    expect(records.map(([value]) => value)).toEqual(moments.flatMap(([, value]) => value ?? []))
    expect(rejected.map(({ place }) => place.record)).toEqual([moments.length - 1])
  },
)

test('a fraction is no whole number, in whatever slice it stands', async () => {
  const texts = ['1', '2.5', '3.0', '-4.', '+5', '1.5e3', '1.5e0', '0.1', '', '9223372036854775807', '.5', '6']
  await write(['v,w', ...texts.map((text) => `${text},x`)].join('\n'))
  const { records, rejected } = await readAll(source({ columns: { v: 'BIGINT', w: 'VARCHAR' } }), session)
  expect(records.map(([value]) => value)).toEqual([1n, 3n, -4n, 5n, 1500n, null, 9223372036854775807n, 6n])
  expect(rejected.map(({ place }) => place.record)).toEqual([1, 6, 7, 10])
  expect(rejected[0]?.message).toMatch(/2\.5/)
})
