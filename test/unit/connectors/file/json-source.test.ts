import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sourceConfig } from '../../../../connectors/file/config.js'
import { fileSource } from '../../../../connectors/file/source.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { readAll } from '../../../conformance/read-all.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-source-'))
  await mkdir(join(folder, 'session'))
  await mkdir(join(folder, 'root'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const columns = { id: 'BIGINT', tags: 'VARCHAR[]' }
const source = (path: string, of: Record<string, string> = columns) =>
  fileSource(sourceConfig.parse({ path, columns: of }), {
    base: join(folder, 'root'),
    fileRoots: [join(folder, 'root')],
    signal: new AbortController().signal,
  })
const read = async (name: string, text: string, of?: Record<string, string>) => {
  await writeFile(join(folder, 'root', name), text)
  return readAll(source(name, of), session)
}

test('JSON lines: missing keys are no value, bad lines are told apart with their numbers', async () => {
  const lines = ['{"id":1,"tags":["a"]}', '{"id":"x"}', '', '{broken', '[1]', '{"other":1}', '{"id":4}']
  const { records, rejected, places } = await read('x.jsonl', lines.join('\n'))
  expect(records).toEqual([
    [1n, ['a']],
    [null, null],
    [4n, null],
  ])
  expect(rejected.map(({ place, original }) => [place.line, original])).toEqual([
    [2, '{"id":"x"}'],
    [4, '{broken'],
    [5, '[1]'],
  ])
  expect(places.map((place) => place.line)).toEqual([1, 6, 7])
})

test.each(['x.jsonl', 'x.json'])('a record that is null is a bad one: %s', async (name) => {
  const lines = ['{"id":1,"tags":[null]}', ' null\r', '{"id":2,"tags":null}', 'null']
  const { records, rejected } = await read(name, name === 'x.json' ? `[${lines.join(',')}]` : lines.join('\n'))
  expect(records).toEqual([
    [1n, [null]],
    [2n, null],
  ])
  expect(rejected.map(({ original, message }) => [original.trim(), message])).toEqual([
    ['null', 'The record is not a JSON object.'],
    ['null', 'The record is not a JSON object.'],
  ])
})

test.each(['x.jsonl', 'x.json'])('decimals are read digit by digit, beside bad records too: %s', async (name) => {
  const lines = ['{"a":12345678901234567890.123456789,"b":{"c":[0.1234567890123456789]}}', '{"a":"x"}', '{"a":-1e3}']
  const text = name === 'x.json' ? `[${lines.join(',\n')}]` : lines.join('\n')
  const { records, rejected } = await read(name, text, { a: 'DECIMAL(38,9)', b: 'STRUCT(c DECIMAL(38,19)[])' })
  expect(records).toMatchObject([
    ['12345678901234567890.123456789', { c: ['0.1234567890123456789'] }],
    ['-1000.000000000', null],
  ])
  expect(rejected).toMatchObject([{ original: '{"a":"x"}' }])
})

test('a JSON array: bad elements are told apart by their number', async () => {
  const { records, rejected, places } = await read('x.json', '[{"id":1,"tags":[]},\n{"id":"x"},{"id":3}]')
  expect(records).toEqual([
    [1n, []],
    [3n, null],
  ])
  expect(rejected).toMatchObject([{ place: { record: 1 }, original: '{"id":"x"}' }])
  expect(places).toMatchObject([{ record: 0 }, { record: 2 }])
})

test('a JSON document that is cut off is an error that says where', async () => {
  await expect(read('x.json', '[{"id":1},{"id":')).rejects.toMatchObject({ code: 'record.bad' })
})

test('a zone that is written in JSON is part of the type, within nested values too', async () => {
  const at = '2024-01-01T10:00:00+02:00'
  const path = join(folder, 'root', 'zones.jsonl')
  await writeFile(path, `${JSON.stringify({ at, day: '2024-01-01', plain: '2024-01-01T10:00:00', in: { at } })}\n`)
  const zones = fileSource(sourceConfig.parse({ path: 'zones.jsonl' }), {
    base: join(folder, 'root'),
    fileRoots: null,
    signal: new AbortController().signal,
  })
  expect(await zones.schema()).toEqual([
    { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
    { name: 'day', type: 'DATE' },
    { name: 'plain', type: 'TIMESTAMP' },
    { name: 'in', type: 'STRUCT("at" TIMESTAMP WITH TIME ZONE)' },
  ])
  const { records } = await readAll(zones, session)
  expect(JSON.stringify(records)).toContain('2024-01-01 08:00:00')
})

test('keys that differ only in case, or are empty, are refused where columns are inferred, and nothing that merely looks like it', async () => {
  const inferred = async (line: string) => {
    await writeFile(join(folder, 'root', 'keys.jsonl'), `${line}\n{"other":1}\n`)
    const files = { base: join(folder, 'root'), fileRoots: null, signal: new AbortController().signal }
    return await fileSource(sourceConfig.parse({ path: 'keys.jsonl' }), files).schema()
  }
  await expect(inferred('{"A":5,"a":6}')).rejects.toMatchObject({
    code: 'source.unreadable',
    message: expect.stringMatching(/the keys `A` and `a` differ only in case|the keys `a` and `A` differ only in case/),
  })
  await expect(inferred('{"":1,"C1":2}')).rejects.toMatchObject({
    code: 'source.unreadable',
    message: expect.stringMatching(/a key without a name/),
  })
  expect((await inferred('{"C0":5}')).map(({ name }) => name)).toEqual(['C0', 'other'])
  expect((await inferred('{"a":5,"a_1":6}')).map(({ name }) => name)).toEqual(['a', 'a_1', 'other'])
})

test.each(['jsonl', 'json'])(
  'dates in their own way of writing are no bad records beside one that is: %s',
  async (format) => {
    const lines = [
      '{"id":1,"day":"24.12.2001","at":"10h 24.12.2001"}',
      '{"id":"x"}',
      '{"id":3,"day":"2001-12-26"}',
      '{"id":4}',
    ]
    const path = `dates.${format}`
    await writeFile(join(folder, 'root', path), format === 'json' ? `[${lines.join(',')}]` : lines.join('\n'))
    const columns = { id: 'BIGINT', day: 'DATE', at: 'TIMESTAMP' }
    const formats = { dateFormat: '%d.%m.%Y', timestampFormat: '%Hh %d.%m.%Y' }
    const dates = fileSource(sourceConfig.parse({ path, columns, ...formats }), {
      base: join(folder, 'root'),
      fileRoots: null,
      signal: new AbortController().signal,
    })
    const { records, rejected } = await readAll(dates, session)
    expect(records.map(([id, day, at]) => [Number(id), String(day), String(at)])).toEqual([
      [1, '2001-12-24', '2001-12-24 10:00:00'],
      [4, 'null', 'null'],
    ])
    expect(rejected.map(({ original }) => original)).toEqual([lines[1], lines[2]])
  },
)

test('a symbolic link leads nowhere outside of the roots', async () => {
  await writeFile(join(folder, 'secret.jsonl'), '{"id":1}')
  await symlink(join(folder, 'secret.jsonl'), join(folder, 'root', 'link.jsonl'))
  await expect(readAll(source('link.jsonl'), session)).rejects.toMatchObject({ code: 'config.invalid' })
  await expect(readAll(source('*.jsonl'), session)).rejects.toMatchObject({ code: 'config.invalid' })
})

test.each(['x.jsonl', 'x.json'])(
  'a value within a struct that is of another type is a bad record: %s',
  async (name) => {
    const of = { id: 'BIGINT', s: 'STRUCT(a BIGINT, b BIGINT)' }
    const good = ['{"id":1,"s":{"a":1}}', '{"id":4,"s":{}}', '{}', '{"id":6,"s":null}']
    for (const bad of [
      ['{"id":2,"s":{"a":"x"}}'],
      ['{"id":2,"s":5}'],
      ['{"id":2,"s":{"a":"x"}}', '{"id":"q","s":{"a":3}}'],
    ]) {
      const lines = [...good.slice(0, 1), ...bad, ...good.slice(1)]
      const { records, rejected, places } = await read(
        name,
        name === 'x.json' ? `[${lines.join(',\n ')}]` : lines.join('\n'),
        of,
      )
      expect(rejected.map(({ original }) => original)).toEqual(bad)
      expect(records).toEqual([
        [1n, { a: 1n, b: null }],
        [4n, { a: null, b: null }],
        [null, null],
        [6n, null],
      ])
      expect(places).toHaveLength(4)
    }
  },
)
