import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { EngineParts } from '../../../engine/engine.js'
import { chainOf, type DriveOptions, drive, edge, node, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const TYPES = 'BIGINT n, DECIMAL(18,2) price, TIMESTAMP at, DATE day, BLOB bytes, VARCHAR[] tags, STRUCT(a BIGINT) s'

const MODULE = `
export default (records) => records
export const repeat = (records) => records.flatMap((record) => Array.from({ length: Number(record.n % 3n) }, () => ({ n: record.n })))
export const sum = async (records) => { await null; return records.map(({ n }) => ({ n, size: records.length })) }
export const picky = (records, { config }) => {
  for (const { n } of records) {
    if (config.throws?.includes(Number(n))) throw new Error('no ' + n)
    if (Number(n) === config.exits) process.exit(7)
    if (Number(n) === config.loops) for (;;);
  }
  return records.map(({ n }) => ({ n, price: config.wrong?.includes(Number(n)) ? 'dear' : n + '.50' }))
}
export const nothing = () => undefined
`

async function withFunctions(run: (parts: EngineParts, shelf: Shelf) => Promise<void>) {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts, folder) => {
    await mkdir(join(folder, 'functions'))
    await writeFile(join(folder, 'functions', 'package.json'), '{ "type": "module" }')
    await writeFile(join(folder, 'functions', 'module.js'), MODULE)
    await run(parts, shelf)
  })
}

const graph = (count: number, config: object, schema: string, batch = 1_000) => {
  const calls = { module: 'module', columns: { n: 'BIGINT' }, ...config }
  return chainOf(
    [
      node('numbers', 'SOURCE', 'shelf', { count, batch, select: 'n' }, 'BIGINT n'),
      node('odd', 'OPERATOR', 'FILTER', { where: 'n % 2 = 1' }, 'BIGINT n'),
      node('calls', 'OPERATOR', 'FUNCTION', calls, schema),
      node('shelf', 'SINK', 'shelf', {}, schema),
    ],
    [edge('numbers', 'odd'), edge('odd', 'calls'), edge('calls', 'shelf')],
  )
}

const odds = (count: number) => Array.from({ length: Math.floor(count / 2) }, (_, index) => index * 2 + 1)

describe('a function over batches', () => {
  test('gets every type and gives it back exactly', async () => {
    await withFunctions(async (parts, shelf) => {
      const select = `n, ((n + 0.25)::DECIMAL(18,2)) AS price, TIMESTAMP '2026-01-31 10:00:00.123456' AS at, DATE '2026-01-31' AS day,
        '\\x00\\xFF'::BLOB AS bytes, [n::VARCHAR, NULL, 'null'] AS tags, {a: 9007199254740993 + n} AS s`
      const types = Object.fromEntries(
        TYPES.split(', ').map((column) =>
          column
            .match(/^(.*) (\w+)$/)!
            .slice(1)
            .reverse(),
        ),
      )
      const schema = Object.entries(types).map(([name, type]) => ({ name, type: String(type) }))
      const nodes = [
        { ...node('numbers', 'SOURCE', 'shelf', { count: 3, select }, 'BIGINT n'), schema },
        { ...node('calls', 'OPERATOR', 'FUNCTION', { module: 'module', columns: types }, 'BIGINT n'), schema },
        { ...node('before', 'SINK', 'shelf', {}, 'BIGINT n'), schema },
        { ...node('after', 'SINK', 'shelf', {}, 'BIGINT n'), schema },
      ]
      await drive(chainOf(nodes, [edge('numbers', 'calls'), edge('numbers', 'before'), edge('calls', 'after')]), parts)
      expect(shelf.rows).toHaveLength(6)
      expect(shelf.rows.slice(3)).toEqual(shelf.rows.slice(0, 3))
    })
  })

  test('may give more records or fewer, in order, and accounts for all', async () => {
    await withFunctions(async (parts, shelf) => {
      const { counters } = await drive(graph(20_000, { export: 'repeat' }, 'BIGINT n', 20_000), parts)
      const expected = odds(20_000).flatMap((n) => Array.from({ length: n % 3 }, () => n))
      expect(shelf.rows.map(([n]) => Number(n))).toEqual(expected)
      expect(counters.calls).toMatchObject({ in: 10_000, passed: 10_000, out: expected.length, failed: 0 })
    })
  })

  test('sees batches of bounded size', async () => {
    await withFunctions(async (parts, shelf) => {
      const config = { export: 'sum', columns: { n: 'BIGINT', size: 'INTEGER' } }
      await drive(graph(20_000, config, 'BIGINT n, INTEGER size', 20_000), parts)
      expect(Math.max(...shelf.rows.map(([, size]) => Number(size)))).toBe(4_096)
      expect(shelf.rows).toHaveLength(10_000)
    })
  })

  test.each(['SKIP', 'DEAD_LETTER'] as const)('its bad records are found and go where %s says', async (action) => {
    await withFunctions(async (parts, shelf) => {
      const config = {
        export: 'picky',
        columns: { n: 'BIGINT', price: 'DECIMAL(18,2)' },
        config: { throws: [5, 1_501], wrong: [7], exits: 2_001 },
      }
      const settings: DriveOptions['settings'] = { onBadRecord: { action, max: null, maxRatio: null } }
      const { counters, rejected } = await drive(graph(3_000, config, 'BIGINT n, DECIMAL(18,2) price'), parts, {
        settings,
      })
      const bad = [5, 7, 1_501, 2_001]
      expect(shelf.rows.map(([n]) => Number(n))).toEqual(odds(3_000).filter((n) => !bad.includes(n)))
      expect(counters.calls).toMatchObject({ in: 1_500, passed: 1_496, failed: 4, out: 1_496 })
      const told = rejected.map(({ nodeId, original, place, message }) => [nodeId, original, place.line, message])
      const letters = [
        ['calls', '{"n":5}', 6, 'no 5'],
        ['calls', '{"n":7}', 8, 'It gives for the column `price` what is no DECIMAL(18,2): dear'],
        ['calls', '{"n":1501}', 1_502, 'no 1501'],
        ['calls', '{"n":2001}', 2_002, 'The function ended its process (exit code 7).'],
      ]
      expect(told).toEqual(action === 'SKIP' ? [] : letters)
    })
  })

  test('a bad record fails the job, and is named with its place', async () => {
    await withFunctions(async (parts) => {
      const config = { export: 'picky', columns: { n: 'BIGINT', price: 'VARCHAR' }, config: { throws: [333] } }
      const driven = drive(graph(3_000, config, 'BIGINT n, VARCHAR price'), parts)
      await expect(driven).rejects.toMatchObject({
        code: 'record.bad',
        nodeId: 'calls',
        message: 'calls: no 333 (count, line 334)',
      })
    })
  })

  test('what is no list of records is a fault of the function, not of a record', async () => {
    await withFunctions(async (parts) => {
      const settings: DriveOptions['settings'] = { onBadRecord: { action: 'SKIP', max: null, maxRatio: null } }
      const driven = drive(graph(10, { export: 'nothing' }, 'BIGINT n'), parts, { settings })
      await expect(driven).rejects.toMatchObject({ code: 'function.invalid', nodeId: 'calls' })
    })
  })

  test('a cancel ends an endless loop within a second', async () => {
    await withFunctions(async (parts) => {
      const cancel = new AbortController()
      const config = { export: 'picky', columns: { n: 'BIGINT', price: 'VARCHAR' }, config: { loops: 1 } }
      const driven = drive(graph(10, config, 'BIGINT n, VARCHAR price'), parts, { signal: cancel.signal })
      setTimeout(() => cancel.abort(), 700)
      const aborted = new Promise<number>((resolve) =>
        cancel.signal.addEventListener('abort', () => resolve(performance.now())),
      )
      await expect(driven).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - (await aborted)).toBeLessThan(1_000)
    })
  })
})
