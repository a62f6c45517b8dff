import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sourceConfig } from '../../../../connectors/file/config.js'
import { fileSource } from '../../../../connectors/file/source.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { readAll } from '../../../conformance/read-all.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exact-values-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

async function read(name: string, content: string | Uint8Array, config: Record<string, unknown>) {
  await writeFile(join(folder, name), content)
  const source = fileSource(sourceConfig.parse({ path: name, ...config }), {
    base: folder,
    fileRoots: [folder],
    signal: new AbortController().signal,
  })
  const { records, rejected } = await readAll(source, session)
  return { values: records.map(([value]) => value), bad: rejected.map(({ message }) => message) }
}

const asJsonl = (values: readonly string[]) => values.map((value) => `{"v":${value}}`).join('\n')
const asJson = (values: readonly string[]) => `[${values.map((value) => `{"v":${value}}`).join(',')}]`

/** Values of JSON for a column of this type: good ones with what is read of them, and bad ones. */
const ofJson: [string, [string, unknown][], string[]][] = [
  [
    'BIGINT',
    [
      ['1', 1n],
      ['2.0', 2n],
      ['1.5e3', 1500n],
      ['"7"', 7n],
      ['true', 1n],
      ['null', null],
      ['9007199254740993.0', 9007199254740993n],
      ['-9223372036854775808', -9223372036854775808n],
    ],
    ['1.5', '"1.5"', '15e-1', '"15e-1"', '1e-7', '1.0000000000000000001', '9223372036854775808', '"x"', '{"a":1}'],
  ],
  ['TINYINT', [['127', 127]], ['127.6', '128', '-0.5']],
  ['UBIGINT', [['18446744073709551615', 18446744073709551615n]], ['-1', '18446744073709551615.5']],
  ['HUGEINT', [['1e22', 10000000000000000000000n]], ['0.5']],
  [
    'DECIMAL(9,2)',
    [
      ['1.25', '1.25'],
      ['1.250', '1.25'],
      ['"1.2"', '1.20'],
      ['125e-2', '1.25'],
      ['1e3', '1000.00'],
      ['7', '7.00'],
    ],
    ['1.234', '"1.234"', '1234e-3', '1e-7', '1.2500000000000000001', '12345678', '"x"'],
  ],
  ['DECIMAL(38,20)', [['0.30000000000000004', '0.30000000000000004000']], ['0.123456789012345678901']],
  [
    'DATE',
    [
      ['"2024-02-29"', '2024-02-29'],
      ['"2024-02-29 00:00:00"', '2024-02-29'],
      ['"2024-02-29T00:00:00.000Z"', '2024-02-29'],
      ['"2024-2-9"', '2024-02-09'],
    ],
    ['"2024-02-29T10:00:00"', '"2024-02-29 00:00:00.001"', '"2024-02-29x"', '"2024-02-2x"', '1704067200'],
  ],
  [
    'BOOLEAN',
    [
      ['true', true],
      ['"false"', false],
      ['1', true],
    ],
    ['2', '0.4', '"x"'],
  ],
  [
    'TIME',
    [
      ['"10:00:00"', '10:00:00'],
      ['"9:30"', '09:30:00'],
      ['"10:00:00.25"', '10:00:00.25'],
    ],
    ['"10:00:00+02"', '"2024-01-01 10:00:00"', '"x"'],
  ],
  ['STRUCT(x VARCHAR)', [['{"x":"a"}', { x: 'a' }]], ['"a"', '[1]', '1']],
  [
    'STRUCT(x INTEGER)',
    [
      ['{"x":1}', { x: 1 }],
      ['{}', { x: null }],
      ['null', null],
    ],
    ['{"x":1.5}', '{"x":"1.5"}'],
  ],
  [
    'INTEGER[]',
    [
      ['[1,null,2.0]', [1, null, 2]],
      ['[]', []],
    ],
    ['[1,1.5]'],
  ],
  ['STRUCT("a b" DECIMAL(4,1)[])[]', [['[{"a b":[1.5]}]', [{ 'a b': ['1.5'] }]]], ['[{"a b":[1.55]}]']],
  ['STRUCT(d DATE)', [['{"d":"2024-01-01"}', { d: '2024-01-01' }]], ['{"d":"2024-01-01T01:00"}']],
  [
    'JSON',
    [
      ['1.1234567890123456789', '1.1234567890123456789'],
      ['{"x":[0.1,1.1234567890123456789]}', '{"x":[0.1,1.1234567890123456789]}'],
      ['"1.1234567890123456789"', '"1.1234567890123456789"'],
      ['12345678901234567890123', '12345678901234567890123'],
    ],
    [],
  ],
  [
    'VARCHAR',
    [
      ['1.1234567890123456789', '1.1234567890123456789'],
      ['{"x":1.1234567890123456789}', '{"x":1.1234567890123456789}'],
      ['"a"', 'a'],
    ],
    [],
  ],
  ['DOUBLE', [['1.1234567890123456789', 1.1234567890123457]], []],
]

describe.each<[string, (values: readonly string[]) => string]>([
  ['x.jsonl', asJsonl],
  ['x.json', asJson],
])('a value is read as it is written, or is a bad record: %s', (name, written) => {
  test.each(ofJson)('%s', async (type, good, bad) => {
    const all = [...good.map(([value]) => value), ...bad]
    const read_ = await read(name, written(all), { columns: { v: type } })
    expect(read_.values).toEqual(good.map(([, value]) => value))
    expect(read_.bad).toHaveLength(bad.length)
    for (const message of read_.bad) expect(message).toContain(`Column "v" does not hold a value of type ${type}: `)
    expect((await read(name, written(good.map(([value]) => value)), { columns: { v: type } })).bad).toEqual([])
  })
})

test('a MAP of whole numbers takes no fraction either', async () => {
  const { values, bad } = await read('x.jsonl', asJsonl(['{"k":1}', '{"k":1.5}']), {
    columns: { v: 'MAP(VARCHAR, BIGINT)' },
  })
  expect(values).toHaveLength(1)
  expect(bad).toEqual([expect.stringContaining('does not hold a value of type MAP(VARCHAR, BIGINT): {"k":1.5}')])
})

test('what was marked is shown as it was written', async () => {
  const { bad } = await read('x.jsonl', asJsonl(['1.0000000000000000001']), { columns: { v: 'BIGINT' } })
  expect(bad).toEqual(['Column "v" does not hold a value of type BIGINT: 1.0000000000000000001'])
})

describe('CSV', () => {
  test.each<[string, [string, unknown][], string[]]>([
    ['BIGINT', [['1', 1n]], ['15e-1', '1e-7', '1.5']],
    ['DECIMAL(9,2)', [['1.250', '1.25']], ['1.234', '1e-3']],
    [
      'DATE',
      [
        ['2024-02-29', '2024-02-29'],
        ['2024-02-29 00:00', '2024-02-29'],
        [' 2024-02-29 ', '2024-02-29'],
      ],
      ['2024-02-29 10:00:00', '2024-02-29x', '2024-02-30'],
    ],
    ['INTEGER[]', [['[1]', [1]]], ['[1.5]']],
    ['TIME', [['10:00:00', '10:00:00']], ['10:00:00+02', '2024-01-01 10:00:00']],
  ])('%s', async (type, good, bad) => {
    const lines = ['v;w', ...good.map(([value]) => `${value};x`), ...bad.map((value) => `${value};y`)]
    const config = { columns: { v: type, w: 'VARCHAR' }, delimiter: ';' }
    const found = await read('x.csv', lines.join('\n'), config)
    expect(found.values).toEqual(good.map(([, value]) => value))
    expect(found.bad).toHaveLength(bad.length)
    for (const [at, message] of found.bad.entries()) {
      expect(message).toContain(bad[at])
      expect(message).toContain('v')
    }
  })

  test('a format of dates that names a time of day gives days alone', async () => {
    const config = { columns: { v: 'DATE' }, dateFormat: '%d.%m.%Y %H:%M' }
    const { values, bad } = await read('x.csv', 'v\n31.01.2026 00:00\n31.01.2026 10:00\n', config)
    expect(values).toEqual(['2026-01-31'])
    expect(bad).toEqual([expect.stringContaining('31.01.2026 10:00')])
  })
})

test('a file that cannot be read at all says why, and what to do', async () => {
  const columns = { columns: { v: 'BIGINT', w: 'BIGINT' } }
  await expect(read('x.csv', 'v,w\r1,2\r3,4\r', columns)).rejects.toMatchObject({
    code: 'source.unreadable',
    message: expect.stringMatching(/^The header of .*x.csv holds a carriage return outside of quotes[.]$/),
    hint: expect.stringContaining('CR alone'),
  })
  await expect(read('x.csv', 'v,w\r1,2\r3,4\r', {})).rejects.toMatchObject({
    message: expect.stringMatching(/carriage return/),
  })
  const utf32 = Buffer.concat([Buffer.from('fffe0000', 'hex'), Buffer.from('v\0\0\0')])
  for (const bytes of [utf32, Buffer.from(utf32).swap32()])
    await expect(read('x.csv', bytes, columns)).rejects.toMatchObject({
      message: expect.stringMatching(/^The file .*x.csv is written in UTF-32[.]$/),
      hint: expect.stringContaining('UTF-8'),
    })
  await expect(read('x.csv', '"v"x,"w"\n1,2\n', columns)).rejects.toMatchObject({
    code: 'source.unreadable',
    message: expect.stringMatching(/^The header of .*x.csv is no line of CSV: "v"x,"w"$/),
  })
})

test('a bad record of JSON is told without lines of a file that nobody sees', async () => {
  const { bad } = await read('x.jsonl', '{"v":1}\n{"v":1,"v":2}\n', { columns: { v: 'BIGINT' } })
  expect(bad).toEqual(['Object {"v":1,"v":2} has duplicate key "v"'])
})

test.each([
  ['p=1.5', 'BIGINT'],
  ['p=2024-01-01T10', 'DATE'],
])('a folder %s holds no %s', async (name, type) => {
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, 'x.csv'), 'v\n1\n')
  const source = fileSource(sourceConfig.parse({ path: 'p=*/x.csv', pathColumns: { p: type } }), {
    base: folder,
    fileRoots: [folder],
    signal: new AbortController().signal,
  })
  await expect(readAll(source, session)).rejects.toMatchObject({
    code: 'schema.mismatch',
    message: expect.stringContaining(`does not hold a value of type ${type} for \`p\``),
    hint: expect.any(String),
  })
})

describe('Parquet with columns of other types', () => {
  test.each<[string, string, unknown[], number]>([
    ['BIGINT', 'unnest([1.0, 1.5, NULL])::DECIMAL(9,2)', [1n, null], 1],
    ['BIGINT', 'unnest([2.0, 2.7])::DOUBLE', [2n], 1],
    ['DECIMAL(5,0)', 'unnest([1.0, 1.5])::DECIMAL(9,2)', ['1'], 1],
    ['DATE', "unnest(['2024-01-01', '2024-01-01 10:00'])::TIMESTAMP", ['2024-01-01'], 1],
    ['TINYINT', 'unnest([1, 300])', [1], 1],
    ['BIGINT', "unnest(['7', '1.5', 'x'])", [7n], 2],
    [
      'TIMESTAMP',
      "unnest(['2024-01-01', '2024-01-02 10:00'])::DATE",
      ['2024-01-01 00:00:00', '2024-01-02 00:00:00'],
      0,
    ],
    ['INTEGER[]', '[unnest([1.0, 1.5])::DOUBLE]', [[1]], 1],
    ['VARCHAR', 'unnest([1.5, 2.5])::DOUBLE', ['1.5', '2.5'], 0],
    ['DOUBLE', 'unnest([1, 2])', [1, 2], 0],
  ])('%s of %s', async (type, values, good, bad) => {
    await session.run(`COPY (SELECT ${values} AS v) TO '${session.folder}/v.parquet' (FORMAT parquet)`)
    const found = await read('v.parquet', await readFile(join(session.folder, 'v.parquet')), { columns: { v: type } })
    expect(found.values).toEqual(good)
    expect(found.bad).toHaveLength(bad)
    for (const message of found.bad) expect(message).toContain(`Column "v" does not hold a value of type ${type}: `)
  })
})
