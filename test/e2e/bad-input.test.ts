/** Files that are not what they should be: a clear error with the place, or the bad records apart and the good ones written. */
import { execFileSync } from 'node:child_process'
import { chmod, open, readFile, symlink } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { type Ended, inPlace, keepBad, operator, recordsOf, source, target } from './run-etl.js'

const problemOf = ({ answer }: Ended) => answer.errors?.[0]
const typed = { columns: { id: 'BIGINT', n: 'VARCHAR' } }

describe('a file that cannot be read is named', () => {
  test('when it is not there, not a file, or leads nowhere', async () => {
    await inPlace(async (place) => {
      await symlink('/nonexistent/x', place.path('broken.csv'))
      execFileSync('mkfifo', [place.path('pipe.csv')])
      const said = async (path: string) => {
        const ended = await place.job([source(path, { format: 'csv' }), target()])
        return [ended.code, problemOf(ended)?.code, problemOf(ended)?.message]
      }
      expect(await said('nosuch.csv')).toEqual([2, 'source.missing', expect.stringContaining('nosuch.csv')])
      expect(await said('nosuch*.csv')).toEqual([2, 'source.missing', expect.stringContaining('nosuch*.csv')])
      expect(await said('broken.csv')).toEqual([2, 'source.missing', expect.stringContaining('broken.csv')])
      expect(await said('pipe.csv')).toEqual([2, 'source.unreadable', expect.stringContaining('not a plain file')])
      expect(await said('.')).toEqual([2, 'source.missing', expect.stringContaining('is a folder')])
    })
  })

  test('when its user may not read it', async () => {
    if (process.getuid?.() !== 0) return skipped('only root can become another user')
    await inPlace(async (place) => {
      await chmod(place.folder, 0o777)
      await place.put('in.csv', 'id\n1\n')
      await chmod(place.path('in.csv'), 0)
      const ended = await place.job([source('in.csv'), target()], {}, { uid: 65_534 })
      expect(ended.code).toBe(2)
      expect(problemOf(ended)).toMatchObject({
        code: 'source.unreadable',
        message: expect.stringMatching(/in\.csv may not be read/),
      })
    })
  })

  test.each<[string, string | Uint8Array, RegExp]>([
    ['in.csv', '', /in\.csv cannot be told: it is empty/],
    ['in.parquet', '', /it is empty/],
    ['in.jsonl', '', /it is empty/],
    ['in.parquet', 'PAR1 and no more', /in\.parquet cannot be told/],
    ['in.json', '[{"a":1},{"a":2', /in\.json cannot be told: Malformed JSON/],
    ['in.json', '[]', /it holds no objects/],
    ['in.csv', 'id,n\r1,a\r2,b\r', /holds a carriage return outside of quotes/],
    ['in.csv', Buffer.from('\ufeffid,n\n1,Zürich\n', 'utf16le'), /written in UTF-16/],
  ])('when %s is no such thing: %j', async (name, content, message) => {
    await inPlace(async (place) => {
      await place.put(name, content)
      const ended = await place.job([source(name), target()])
      expect(ended.code).toBe(2)
      expect(problemOf(ended)).toMatchObject({ message: expect.stringMatching(message), hint: expect.any(String) })
    })
  })
})

describe('a file without records is no error', () => {
  test.each<[string, string, Readonly<Record<string, unknown>>]>([
    ['a header only', 'id,n\n', {}],
    ['a header without a line end', 'id,n', {}],
    ['nothing, columns declared', '', typed],
  ])('%s', async (_, content, config) => {
    await inPlace(async (place) => {
      await place.put('in.csv', content)
      const ended = await place.job([source('in.csv', config), target('in', { path: 'out.csv', singleFile: true })])
      expect([ended.code, recordsOf(ended).read]).toEqual([0, 0])
      expect(await readFile(place.path('out.csv'), 'utf8')).toBe('id,n\n')
    })
  })
})

describe('a bad record is told with its file and line', () => {
  test.each<[string, string, string, Readonly<Record<string, unknown>>, RegExp]>([
    ['of too many values', 'in.csv', 'id,n\n1,"a\nb"\n2,x,y\n3,z\n', {}, /in\.csv, line 4\)/],
    ['of another type', 'in.csv', 'id,n\n1,"a\nb"\nx,y\n3,z\n', typed, /"x".*in\.csv, line 4\)/],
    ['whose quote is never closed', 'in.csv', 'id,n\n1,"a\n2,b\n', typed, /in\.csv, line 2\)/],
    ['of bytes that are no text', 'in.csv', '\xff', {}, /./],
    ['that is no JSON', 'in.jsonl', '{"a":1}\n{"b":"x"}\n{bad\n', {}, /not valid JSON.*in\.jsonl, line 3\)/],
    ['that is no object', 'in.jsonl', '{"a":1}\n5\n', {}, /not a JSON object.*in\.jsonl, line 2\)/],
  ])('%s', async (_, name, content, config, message) => {
    await inPlace(async (place) => {
      const latin = content === '\xff'
      await place.put(name, latin ? Buffer.from('id,n\n1,Z\xfcrich\n2,ok\n', 'latin1') : content)
      const { code, answer } = await place.job([source(name, config), target()])
      expect(code).toBe(1)
      expect(answer).toMatchObject({ status: 'FAILED', error: { code: 'record.bad', nodeId: 'in', retryable: false } })
      expect(answer.error?.message).toMatch(latin ? /utf-8.*line 2\)/ : message)
      expect(await place.written()).toBe('')
    })
  })

  test('deep in a large file, behind quoted line ends', async () => {
    await inPlace(async (place) => {
      const file = await open(place.path('in.csv'), 'w')
      await file.write('id,n\n')
      for (let thousand = 0; thousand < 400; thousand++) {
        const records = Array.from({ length: 1000 }, (_, at) => {
          const id = thousand * 1000 + at + 1
          return id === 350_000 ? 'oops,"x"\n' : `${id},"a\n${'y'.repeat(40)}"\n`
        })
        await file.write(records.join(''))
      }
      await file.close()
      // The header, then two lines for each record before it.
      const line = 2 + 2 * 349_999
      const failed = await place.job([source('in.csv', typed), target()])
      expect([failed.code, failed.answer.error?.message]).toEqual([1, expect.stringContaining(`in.csv, line ${line})`)])
      const kept = await place.job([source('in.csv', typed), target('in', { path: 'kept' })], keepBad, {
        args: ['--state', 'st'],
      })
      expect([kept.code, recordsOf(kept)]).toEqual([0, { read: 400_000, written: 399_999, filtered: 0, failed: 1 }])
      const letter = JSON.parse(await readFile(place.path('st/dead-letters.jsonl'), 'utf8'))
      expect(letter).toMatchObject({ original: 'oops,"x"', place: { line }, nodeId: 'in', code: 'record.bad' })
      const [sums] = await place.rows(`SELECT count(*), sum(id) FROM read_csv('${place.path('kept/*.csv')}')`)
      expect(sums!.map(String)).toEqual(['399999', String((400_000 * 400_001) / 2 - 350_000)])
    })
  }, 60_000)
})

test.each<[string, string, string, Readonly<Record<string, unknown>>, number, string]>([
  ['too many values, too few', 'in.csv', 'a,b\n1,2\n1\n1,2,3\n4,5\n', {}, 2, 'a,b\n1,2\n4,5\n'],
  ['types', 'in.csv', 'id,n\n1,a\nx,b\n3,c\n', typed, 1, 'id,n\n1,a\n3,c\n'],
  [
    'keys that differ, and lines that are no object',
    'in.jsonl',
    '{"a":1}\n{"b":"x"}\n{bad\n5\n[1]\nnull\n{"b":"z","a":3}\n',
    {},
    4,
    'a,b\n1,\n,x\n3,z\n',
  ],
  [
    'values of another type in a JSON array',
    'in.json',
    '[\n {"a":1},\n {"a":"q"}\n]',
    { columns: { a: 'INT' } },
    1,
    'a\n1\n',
  ],
])('bad records are kept apart, and the good ones written: %s', async (_, name, content, config, failed, written) => {
  await inPlace(async (place) => {
    await place.put(name, content)
    const ended = await place.job([source(name, config), target()], keepBad)
    expect([ended.code, recordsOf(ended).failed, await place.written()]).toEqual([0, failed, written])
  })
})

const utf16 = Buffer.from('\ufeffid,n\n1,Zürich😀\n', 'utf16le')

test.each<[string, string | Uint8Array, Readonly<Record<string, unknown>>, string]>([
  ['latin-1', Buffer.from('id,n\n1,Zürich\n', 'latin1'), { encoding: 'latin-1' }, 'id,n\n1,Zürich\n'],
  ['UTF-16', utf16, { encoding: 'utf-16' }, 'id,n\n1,Zürich😀\n'],
  ['a byte order mark', '\ufeffid,n\n1,a\n', {}, 'id,n\n1,a\n'],
  ['CR LF, also in quotes', 'id,n\r\n1,"a\r\nb"\r\n2,c\r\n', {}, 'id,n\n1,"a\r\nb"\n2,c\n'],
  ['the same name twice', 'id,id,ID\n1,2,3\n', {}, 'id,id_1,ID_2\n1,2,3\n'],
  [
    'names of quotes, line ends, SQL',
    '"a ""q"" b",select,"ü 😀","new\nline"\n1,2,3,4\n',
    {},
    '"a ""q"" b",select,ü 😀,"new\nline"\n1,2,3,4\n',
  ],
  [
    'NUL, backslash, tab, \\N, NULL, empty text and no value',
    'id,n\n1,a\0b\n2,a\\b\tc\n3,\\N\n4,NULL\n5,""\n6,\n',
    {},
    'id,n\n1,a\0b\n2,a\\b\tc\n3,\\N\n4,NULL\n5,""\n6,\n',
  ],
  [
    'whole numbers of any length',
    'a,b,c\n170141183460469231731687303715884105727,12345678901234567890123456789012345678901234567890,1\n',
    {},
    'a,b,c\n170141183460469231731687303715884105727,12345678901234567890123456789012345678901234567890,1\n',
  ],
  ['long numbers among others', 'a\n12345678901234567890\n1.5\n', {}, 'a\n12345678901234567890\n1.5\n'],
])('CSV of %s comes out as it went in', async (_, content, config, written) => {
  await inPlace(async (place) => {
    await place.put('in.csv', content)
    const ended = await place.job([source('in.csv', config), target()])
    recordsOf(ended)
    expect([ended.code, await place.written()]).toEqual([0, written])
  })
})

test('whole numbers of JSON are not rounded', async () => {
  await inPlace(async (place) => {
    const lines = '{"id":170141183460469231731687303715884105727,"f":1.5}\n{"id":1,"f":12345678901234567890}\n'
    await place.put('in.jsonl', lines)
    const ended = await place.job([source('in.jsonl'), target()])
    expect([ended.code, await place.written()]).toEqual([
      0,
      'id,f\n170141183460469231731687303715884105727,1.5\n1,1.2345678901234567e+19\n',
    ])
  })
})

test('a semicolon and a decimal comma', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', 'id;v\n1;3,14\n2;"1.000,5"\n')
    const set = { v: "CAST(replace(replace(v, '.', ''), ',', '.') AS DECIMAL(10,2))" }
    const ended = await place.job([source('in.csv', { delimiter: ';' }), operator('MAP', { set }), target('op')])
    expect([ended.code, await place.written()]).toEqual([0, 'id,v\n1,3.14\n2,1000.50\n'])
  })
})

test('every type goes from Parquet to Parquet, CSV and JSON without loss', async () => {
  await inPlace(async (place) => {
    await place.parquet(
      'in.parquet',
      `SELECT 1 AS i, [1, 2, NULL] AS l, {'a': 1, 'b': 'x"y'} AS s, 99999999999999999999999999.1234567890::DECIMAL(38,10) + 0 AS d,
        TIMESTAMPTZ '2020-01-01 12:00:00+02' AS tz, 'a'::ENUM('a', 'b') AS en, 'b2aa1a5c-0f3c-4a6e-9c1a-000000000001'::UUID AS u,
        map {'k': 1} AS m, '\\xAA\\x00'::BLOB AS b, true AS bo, 9223372036854775807 AS big, 18446744073709551615::UBIGINT AS ub,
        DATE '0001-01-01' AS y1, DATE '9999-12-31' AS y9, 'infinity'::DATE AS inf, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS ninf, '' AS empty
       UNION ALL SELECT ${Array.from({ length: 18 }, () => 'NULL').join(', ')}`,
    )
    for (const format of ['parquet', 'jsonl', 'csv']) {
      const ended = await place.job([
        source('in.parquet'),
        target('in', { path: `o.${format}`, singleFile: true, format }),
      ])
      expect([ended.code, recordsOf(ended).written]).toEqual([0, 2])
    }
    const from = `'${place.path('in.parquet')}'`
    const difference = await place.rows(`(FROM ${from} EXCEPT ALL FROM '${place.path('o.parquet')}')`)
    expect(difference).toEqual([])
    const names = 'big, ub, y1, y9, inf, nan, ninf, empty'
    // JSON's numbers are doubles to whoever reads them; as text all digits are there.
    expect(await readFile(place.path('o.jsonl'), 'utf8')).toContain('"d":99999999999999999999999999.1234567890')
    const types = `{big: 'BIGINT', ub: 'UBIGINT', y1: 'DATE', y9: 'DATE', inf: 'DATE', nan: 'DOUBLE', ninf: 'DOUBLE', empty: 'VARCHAR'}`
    const json = `SELECT ${names} FROM read_json('${place.path('o.jsonl')}', columns = ${types})`
    expect(await place.rows(`SELECT ${names} FROM ${from} EXCEPT ALL (${json})`)).toEqual([])
    const csv = `read_csv('${place.path('o.csv')}', types = ${types}, allow_quoted_nulls = false)`
    expect(await place.rows(`SELECT ${names} FROM ${from} EXCEPT ALL SELECT ${names} FROM ${csv}`)).toEqual([])
  })
})

test.each(['parquet', 'json', 'jsonl', 'csv'])(
  'all files are read to their end, however many epochs that takes: %s',
  async (format) => {
    await inPlace(async (place) => {
      const options = format === 'csv' ? '' : format === 'parquet' ? '' : format === 'json' ? ', ARRAY true' : ''
      const type = format === 'jsonl' ? 'json' : format
      for (const [name, from] of [
        ['a', 0],
        ['b', 250_000],
      ] as const) {
        const query = `SELECT i, md5(i::VARCHAR) AS h FROM range(${from}, ${from + 250_000}) t(i)`
        await place.rows(`COPY (${query}) TO '${place.path(`${name}.${format}`)}' (FORMAT ${type}${options})`)
      }
      const ended = await place.job([source(`[ab].${format}`), target('in', { format: 'parquet' })])
      expect([ended.code, recordsOf(ended).written]).toEqual([0, 500_000])
      const sums = await place.rows(
        `SELECT count(*), count(DISTINCT i), sum(i)::BIGINT FROM '${place.path('out/*.parquet')}'`,
      )
      expect(sums[0]!.map(Number)).toEqual([500_000, 500_000, (499_999 * 500_000) / 2])
    })
  },
  60_000,
)

test('HUGEINT is not rounded on its way into Parquet', async () => {
  await inPlace(async (place) => {
    await place.put('in.csv', 'a\n170141183460469231731687303715884105727\n')
    const ended = await place.job([
      source('in.csv'),
      target('in', { path: 'o.parquet', singleFile: true, format: 'parquet' }),
    ])
    expect(ended.code).toBe(0)
    expect(await place.rows(`SELECT a::HUGEINT::VARCHAR FROM '${place.path('o.parquet')}'`)).toEqual([
      ['170141183460469231731687303715884105727'],
    ])
  })
})

describe('a cell of 100 MB is written, in bounded memory', () => {
  test.each<[string, (cell: string) => string]>([
    ['csv', (cell) => `id,t\n1,a\n2,"${cell}"\n3,c\n`],
    ['jsonl', (cell) => `{"id":2,"t":"${cell}"}\n{"id":1,"t":"a"}\n{"id":3,"t":"c"}\n`],
  ])(
    '%s',
    async (format, content) => {
      await inPlace(async (place) => {
        await place.put(`in.${format}`, content('x'.repeat(100 * 1024 * 1024)))
        let most = 0
        const watched = async (pid: number) => {
          const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
          most = Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
        }
        const ended = await place.job([source(`in.${format}`), target('in', { format })], {}, { watched })
        expect([ended.code, recordsOf(ended).written]).toEqual([0, 3])
        expect(most).toBeLessThan(1.5 * 1024 ** 3)
        expect((await place.written()).length).toBeGreaterThan(100 * 1024 * 1024)
      })
    },
    60_000,
  )
})

test('a full disk is said to be full', async () => {
  if (process.getuid?.() !== 0) return skipped('only root can mount a small disk')
  await inPlace(async (place) => {
    await place.parquet('in.parquet', 'SELECT i, sha256(i::VARCHAR) AS h FROM range(400000) t(i)')
    const small = place.path('small')
    execFileSync('mkdir', [small])
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      return skipped('this root may not mount')
    }
    try {
      const never = { restart: { strategy: 'NONE' } }
      const empty = () => execFileSync('find', [small, '-mindepth', '1', '-delete'])
      const written = await place.job([source('in.parquet'), target('in', { path: 'small/out' })], never)
      expect(written).toMatchObject({ code: 1, answer: { status: 'FAILED', error: { code: 'disk.full' } } })
      empty()
      const grouped = [
        source('in.parquet'),
        operator('AGGREGATE', { groupBy: ['h'], aggregates: { n: 'count(*)' } }),
        target('op', { path: 'a' }),
      ]
      const kept = await place.job(grouped, never, { args: ['--state', 'small/state'] })
      expect(kept).toMatchObject({ code: 1, answer: { status: 'FAILED', error: { code: 'disk.full' } } })
      empty()
      const looked = await place.job(grouped, never, { env: { TMPDIR: small } })
      expect(looked.answer.errors?.[0]).toMatchObject({ code: 'disk.full', message: expect.stringContaining(small) })
    } finally {
      execFileSync('umount', [small])
    }
  })
}, 60_000)

function skipped(why: string): void {
  process.stderr.write(`skipped: ${why}\n`)
}
