import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sourceConfig } from '../../../../connectors/file/config.js'
import { fileSource } from '../../../../connectors/file/source.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { noCapture, readAll } from '../../../conformance/read-all.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strange-files-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 2 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const source = (name: string, config: Record<string, unknown>) =>
  fileSource(sourceConfig.parse({ path: name, ...config }), {
    base: folder,
    fileRoots: [folder],
    signal: new AbortController().signal,
  })
/** What is read, each record under the line where it begins; the reading itself checks that none is lost. */
const read = async (content: string | Uint8Array, config: Record<string, unknown>, name = 'x.csv', more = {}) => {
  await writeFile(join(folder, name), content)
  const { records, rejected, places } = await readAll(source(name, config), session, more)
  return {
    records,
    bad: rejected.map(({ place, original }) => [place.line, original]),
    lines: places.map(({ line }) => line),
  }
}
const two = { columns: { a: 'VARCHAR', b: 'VARCHAR' } }
const one = { columns: { a: 'VARCHAR' } }

describe('a strange file is read to its last record', () => {
  test.each<[string, string, Record<string, unknown>, unknown[][], unknown[][]]>([
    [
      'line ends of both kinds',
      'a,b\r\nx,1\ny,2\r\nz,3\n',
      two,
      [
        ['x', '1'],
        ['y', '2'],
        ['z', '3'],
      ],
      [],
    ],
    [
      'both kinds, quoted too',
      'a,b\nx,"1\r\n2"\r\n"y\n",2\n',
      two,
      [
        ['x', '1\r\n2'],
        ['y\n', '2'],
      ],
      [],
    ],
    [
      'a quote in the middle of a field',
      'a,b\nx"y,1\nx"",2\nz,3"\n',
      two,
      [
        ['x"y', '1'],
        ['x""', '2'],
        ['z', '3"'],
      ],
      [],
    ],
    [
      'a quote escaped by a backslash',
      'a,b\n"x\\"y",1\nz,2\n',
      { ...two, escape: '\\' },
      [
        ['x"y', '1'],
        ['z', '2'],
      ],
      [],
    ],
    [
      'a backslash that escapes nothing',
      'a,b\n"x\\\\",1\nz\\,2\n',
      { ...two, escape: '\\' },
      [
        ['x\\', '1'],
        ['z\\', '2'],
      ],
      [],
    ],
    [
      'bytes that are zero',
      'a,b\nx\0y,1\n\0,2\n',
      two,
      [
        ['x\0y', '1'],
        ['\0', '2'],
      ],
      [],
    ],
    ['an order mark', '\ufeffa,b\nx,1\n', two, [['x', '1']], []],
    [
      'no last line end',
      'a,b\nx,1\ny,2',
      two,
      [
        ['x', '1'],
        ['y', '2'],
      ],
      [],
    ],
    [
      'no last line end after an empty field',
      'a,b\nx,1\ny,',
      two,
      [
        ['x', '1'],
        ['y', null],
      ],
      [],
    ],
    ['only a header', 'a,b\n', two, [], []],
    ['only a header without line end', 'a,b', two, [], []],
    ['nothing', '', two, [], []],
    ['nothing but line ends', '\n\r\n\n', { ...two, header: false }, [], []],
    ['one column with empty lines', 'a\nx\n\n""\n\r\ny\n\n', one, [['x'], [''], ['y']], []],
    ['one column with CR LF and empty lines', 'a\r\nx\r\n\r\ny\r\n', one, [['x'], ['y']], []],
    ['lines that look like comments', 'a,b\n#x,1\n#\n', two, [['#x', '1']], [[3, '#']]],
    ['a line of spaces', 'a,b\n \nx,1\n', two, [['x', '1']], [[2, ' ']]],
    [
      'fields with line ends and delimiters',
      'a,b\n"x\n\n,y",1\n"\n","\n"\n',
      two,
      [
        ['x\n\n,y', '1'],
        ['\n', '\n'],
      ],
      [],
    ],
    ['a lone CR', 'a,b\nx\ry,1\nz,2\n', two, [['z', '2']], [[2, 'x\ry,1']]],
    ['CR before CR LF', 'a,b\r\nx,1\r\r\nz,2\r\n', two, [['z', '2']], [[2, 'x,1\r']]],
    ['CR at the beginning of a line', 'a,b\nx,1\n\ry,2\n', two, [['x', '1']], [[3, '\ry,2']]],
    [
      'CR inside quotes',
      'a,b\n"x\ry",1\r\n"\r","\r\r"\r\n',
      two,
      [
        ['x\ry', '1'],
        ['\r', '\r\r'],
      ],
      [],
    ],
    [
      'a quote that is not closed, after an escape',
      'a,b\nx,1\ny,"\\',
      { ...two, escape: '\\' },
      [['x', '1']],
      [[3, 'y,"\\']],
    ],
    ['a quote after a space', 'a,b\n "x",1\n "y,2\nz,3\n', two, [['x', '1']], [[3, ' "y,2\nz,3\n']]],
  ])('%s', async (_title, content, config, records, bad) => {
    expect(await read(content, config)).toMatchObject({ records, bad })
  })

  test('an order mark that is part of a field, wherever the reading begins', async () => {
    await writeFile(join(folder, 'x.csv'), 'a,b\n\ufeffx,1\n\ufeffy,\ufeffn\n\ufeffz,3\n')
    const opened = source('x.csv', { columns: { a: 'VARCHAR', b: 'BIGINT' } })
    const sizes: unknown[] = []
    let from: unknown = null
    for (let end = false; !end; ) {
      const plan = await opened.plan(from, { records: 2, bytes: 1000 }, 1)
      const split = plan.splits[0]![0]
      if (split === undefined) break
      const batches = opened.read(split, await opened.schema(), session, noCapture)
      for (;;) {
        const next = await batches.next()
        if (next.done) {
          from = plan.to ?? next.value.position
          end = plan.end || next.value.end
          break
        }
        // Text that JavaScript is given has lost its mark.
        const sizesOf = (select: string) => session.rows(`SELECT octet_length(encode(a)), b FROM (${select})`)
        const rows = await sizesOf(next.value.select).catch(async () => {
          const { select, rejected } = await next.value.isolate()
          sizes.push(...rejected.map(({ place }) => `line ${place.line}`))
          return await sizesOf(select)
        })
        sizes.push(...rows.map(([size]) => Number(size)))
        await next.value.release()
      }
    }
    expect(sizes).toEqual(['line 3', 4, 4])
  })

  test('very long fields, quoted and not', async () => {
    const long = 'z'.repeat(3_000_000)
    const { records, bad } = await read(`a,b\n${long},1\n"${long}\n",2\nx,3\n`, two)
    expect(bad).toEqual([])
    expect(records.map(([a, b]) => [String(a).length, b])).toEqual([
      [3_000_000, '1'],
      [3_000_001, '2'],
      [1, '3'],
    ])
  })

  test('JSON lines with CR LF, blank lines, zero bytes, an order mark and no last line end', async () => {
    const content = '\ufeff{"a":"x"}\r\n\r\n{"a":"y\\u0000"}\n \n{"a":"z"}\r\n{"a":\0}\n{"a":"w"}'
    const { records, bad } = await read(content, one, 'x.jsonl')
    expect(records).toEqual([['x'], ['y\0'], ['z'], ['w']])
    expect(bad).toMatchObject([[6, expect.anything()]])
  })
})

const piece = fc.constantFrom(
  'x',
  '1',
  ',',
  ',',
  '"',
  '""',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '\\',
  ' ',
  '\0',
  '#',
  '\ufeff',
  'é',
)

test.each([
  ['doubled quotes', {}],
  ['backslashes', { escape: '\\' }],
])(
  'any bytes give the same records wherever they are cut, with %s',
  async (_title, more) => {
    const property = fc.asyncProperty(
      fc.array(piece, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 2 }),
      async (pieces, records, bytes, parallelism) => {
        const config = { ...two, header: false, ...more }
        const whole = await read(pieces.join(''), config)
        const cut = await read(pieces.join(''), config, 'x.csv', { budget: { records, bytes }, parallelism })
        expect(cut).toEqual(whole)
      },
    )
    await fc.assert(property, { numRuns: 150 })
  },
  120_000,
)

describe('what is no text in UTF-8 is called by its name, with what to say', () => {
  const columns = { columns: { a: 'VARCHAR' } }
  test.each<[string, Uint8Array, string]>([
    ['UTF-16', Buffer.from('\ufeffa\nx\n', 'utf16le'), 'encoding: utf-16'],
    ['compressed', gzipSync('a\nx\n'), 'compression: gzip'],
    ['a workbook', Buffer.from('PK\x03\x04 and more'), 'save it as CSV'],
  ])('%s', async (what, bytes, hint) => {
    for (const name of ['x.csv', 'x.jsonl', 'x.json']) {
      for (const config of [columns, {}]) {
        await writeFile(join(folder, name), bytes)
        const reading = async () => {
          await source(name, config).schema()
          return await readAll(source(name, config), session)
        }
        await expect(reading()).rejects.toMatchObject({
          code: 'source.unreadable',
          message: expect.stringContaining(what),
          hint: expect.stringContaining(hint),
        })
      }
    }
  })
})

test.each(['utf-16', 'utf-16be', 'utf-16le'])('UTF-16 is read whichever byte comes first: %s', async (encoding) => {
  const bytes = Buffer.from(`${encoding === 'utf-16le' ? '' : '\ufeff'}a,b\r\nü,"1\r\n😀"\r\n`, 'utf16le')
  if (encoding !== 'utf-16le') bytes.swap16()
  expect((await read(bytes, { ...two, encoding })).records).toEqual([['ü', '1\r\n😀']])
})

test.each(['x.json', 'x.jsonl'])('an order mark stands before JSON, too: %s', async (name) => {
  await writeFile(join(folder, name), '\ufeff{"a":1}\r\n{"a":2}\r\n')
  expect((await readAll(source(name, {}), session)).records).toEqual([[1n], [2n]])
})

test('several compressed files in one are read to the last, and a damaged one is not read in part', async () => {
  const packed = Buffer.concat([gzipSync('a,b\nx,1\n'), gzipSync('y,2\n')])
  expect((await read(packed, two, 'x.csv.gz')).records).toHaveLength(2)
  const cut = packed.subarray(0, -9)
  await expect(read(cut, two, 'x.csv.gz')).rejects.toMatchObject({ code: 'source.unreadable' })
})

test('zstd is unpacked by every version of Node, and a damaged file is not read in part', async () => {
  const file = join(session.folder, 'x.csv.zst')
  const lines = "SELECT 'r' || range AS a, md5(range::VARCHAR) AS b FROM range(50000)"
  await session.run(`COPY (${lines}) TO '${file}' (FORMAT csv, COMPRESSION zstd)`)
  const packed = await readFile(file)
  const { records } = await read(packed, two, 'x.csv.zst')
  expect(records).toEqual(await session.rows(lines))
  for (const bytes of [packed.subarray(0, -1000), Buffer.concat([packed.subarray(0, 500), packed.subarray(600)])])
    await expect(read(bytes, two, 'x.csv.zst')).rejects.toMatchObject({ code: 'source.unreadable' })
})

test('a header with another separator is not taken for the name of one column', async () => {
  await writeFile(join(folder, 'x.csv'), 'a;b\n1;2\n')
  await expect(source('x.csv', {}).schema()).rejects.toMatchObject({ hint: expect.stringContaining('delimiter: ";"') })
  expect(await source('x.csv', { delimiter: ';' }).schema()).toHaveLength(2)
})
