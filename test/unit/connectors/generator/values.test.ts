import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sourceConfig } from '../../../../connectors/generator/config.js'
import { draw } from '../../../../connectors/generator/draw.js'
import { generatorSource } from '../../../../connectors/generator/source.js'
import { noCapture } from '../../../conformance/read-all.js'
import { readRanges, schemaOf, withSession } from './generate.js'

const everyKind = {
  id: { kind: 'SEQUENCE', start: 10, step: -3 },
  price: { kind: 'RANDOM', min: '0.01', max: '9.99', type: 'DECIMAL(10,2)' },
  level: { kind: 'RANDOM', min: -5, max: 5 },
  share: { kind: 'RANDOM', min: 0, max: 1.5 },
  day: { kind: 'RANDOM', min: '2026-02-27', max: '2026-03-01' },
  at: { kind: 'RANDOM', min: '2026-01-01 00:00:00', max: '2026-01-01 00:00:01' },
  colour: { kind: 'CHOICE', of: ['red', "gr'een", 'blue'], nullRatio: 0.3 },
  code: { kind: 'TEXT', length: 33 },
  key: { kind: 'UUID' },
  due: { kind: 'TIME', start: '2026-01-01T12:00:00Z', step: '2h' },
  total: 'price * 2',
  note: { value: "'n' || n", type: 'VARCHAR', nullRatio: 0.5 },
}

describe('what the generator makes', () => {
  test('has the types that are declared, or those that the settings are written in', async () => {
    expect((await schemaOf(everyKind)).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id BIGINT',
      'price DECIMAL(10,2)',
      'level BIGINT',
      'share DOUBLE',
      'day DATE',
      'at TIMESTAMP',
      'colour VARCHAR',
      'code VARCHAR',
      'key UUID',
      'due TIMESTAMP',
      'total DECIMAL(18,2)',
      'note VARCHAR',
    ])
  })

  test('stays within the bounds and reaches them, with as many NULLs as asked for', () =>
    withSession(1, async (session) => {
      const { records } = await readRanges(everyKind, [{ from: 0, to: 20_000 }], session)
      const column = (name: string) => records.map((record) => record[Object.keys(everyKind).indexOf(name)])
      const distinct = (name: string) => [...new Set(column(name))].map(String).sort()
      expect(column('id').slice(0, 3)).toEqual([10n, 7n, 4n])
      expect(column('due').slice(0, 2).map(String)).toEqual(['2026-01-01 12:00:00', '2026-01-01 14:00:00'])
      expect(
        distinct('level')
          .map(Number)
          .sort((a, b) => a - b),
      ).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5])
      expect(distinct('day')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01'])
      expect(distinct('colour')).toEqual(['blue', "gr'een", 'null', 'red'])
      const prices = distinct('price').map(Number)
      expect([Math.min(...prices), Math.max(...prices)]).toEqual([0.01, 9.99])
      const shares = column('share').map(Number)
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...shares)).toBeLessThanOrEqual(1.5)
      expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeCloseTo(0.75, 1)
      expect(distinct('at').every((at) => /^2026-01-01 00:00:0(0|1)/.test(at))).toBe(true)
      expect(distinct('code').every((code) => /^[0-9a-f]{33}$/.test(code))).toBe(true)
      expect(new Set(column('key').map(String)).size).toBe(20_000)
      expect(distinct('key')[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(column('colour').filter((value) => value === null).length / 20_000).toBeCloseTo(0.3, 1)
      expect(column('note').filter((value) => value === null).length / 20_000).toBeCloseTo(0.5, 1)
    }))

  test('is the same for every cut into splits, on one thread and on several', async () => {
    const rows = 600
    let whole: unknown[][] = []
    await withSession(1, async (session) => {
      whole = (await readRanges(everyKind, [{ from: 0, to: rows }], session)).records
    })
    await withSession(2, (session) =>
      fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: rows - 1 }), { maxLength: 6 }), async (cuts) => {
          const ends = [0, ...cuts.sort((a, b) => a - b), rows]
          const ranges = ends.slice(1).map((to, index) => ({ from: ends[index]!, to }))
          expect((await readRanges(everyKind, ranges, session)).records).toEqual(whole)
        }),
        { numRuns: 8 },
      ),
    )
  })

  test('keeps its order over several batches, each of which knows how many it holds', () =>
    withSession(2, async (session) => {
      const source = generatorSource(sourceConfig.parse({ columns: { id: 'n' } }))
      const split = { from: 5, to: 600_005 }
      let next = split.from
      for await (const batch of source.read(split, await source.schema(), session, noCapture)) {
        await session.run(`CREATE OR REPLACE TABLE batch AS ${batch.select}`)
        expect(await session.count(`SELECT count(*) FROM batch WHERE id = rowid + ${next}`)).toBe(batch.records)
        expect(batch.place(1)).toEqual({ record: next + 1 })
        next += batch.records ?? 0
      }
      expect(next).toBe(split.to)
    }))

  test('differs between seeds and between columns', () =>
    withSession(1, async (session) => {
      const columns = { a: { kind: 'RANDOM', min: 0, max: 1e12 }, b: { kind: 'RANDOM', min: 0, max: 1e12 } }
      const read = async (seed: number) =>
        (await readRanges(columns, [{ from: 0, to: 50 }], session, seed)).records.flat()
      const values = [...(await read(0)), ...(await read(1))]
      expect(new Set(values).size).toBe(200)
    }))

  test('is drawn from the sequence SplitMix64', () =>
    withSession(1, async (session) => {
      const numbers = [0n, 1n, 7n, 123_456_789_012n, 2n ** 53n - 2n]
      for (const seed of [0, -3]) {
        const drawn = draw({ seed, column: 'ü', use: 'NULL' })
        const rows = await session.rows(`SELECT ${drawn} FROM unnest([${numbers.join(', ')}]) AS generated(n)`)
        const key = createHash('sha256').update(`[${seed},"ü","NULL"]`).digest().readBigUInt64BE()
        expect(rows.flat()).toEqual(numbers.map((n) => splitMix64(key, n)))
      }
    }))

  test('is what it was: later versions must go on with the same sequences', () =>
    withSession(1, async (session) => {
      const drawn = draw({ seed: 1, column: 'a', use: 'VALUE' })
      const columns = { a: { kind: 'RANDOM', min: 0, max: 1_000_000 }, t: { kind: 'TEXT', length: 8 } }
      const { records } = await readRanges(
        columns,
        [{ from: 9_007_199_254_740_000, to: 9_007_199_254_740_002 }],
        session,
      )
      const first = await session.rows(`SELECT ${drawn} FROM range(0, 3) AS generated(n)`)
      expect([records, first]).toMatchInlineSnapshot(`
[
  [
    [
      346595n,
      "19ffdf19",
    ],
    [
      796611n,
      "afc53913",
    ],
  ],
  [
    [
      6090448088966366398n,
    ],
    [
      3882146601443404946n,
    ],
    [
      11578455726320823055n,
    ],
  ],
]
`)
    }))
})

describe('settings that make no sense are told of with their place', () => {
  test.each([
    [{ a: 'm + 1' }, '/columns/a', 'Column "a": Referenced column "m" not found'],
    [{ a: { kind: 'RANDOM', min: 5, max: 1 } }, '/columns/a', '`max` is smaller'],
    [{ a: { kind: 'RANDOM', min: 0, max: '9999999999999999999' } }, '/columns/a', 'too far apart'],
    [{ a: { kind: 'RANDOM', min: 'soon', max: 'later' } }, '/columns/a', '`soon` is not a value of type TIMESTAMP'],
    [{ a: { kind: 'RANDOM', min: '2026-02-30', max: '2026-03-01' } }, '/columns/a', '`2026-02-30` is not a value'],
    [{ a: { kind: 'RANDOM', min: 0, max: 1, type: 'BLOB' } }, '/columns/a', 'no values of type BLOB'],
    [{ a: { kind: 'RANDOM', min: 0, max: 300, type: 'NUMBR' } }, '/columns/a', '`NUMBR` is not a type'],
    [{ a: { kind: 'CHOICE', of: ['x'], type: 'INTEGER' } }, '/columns/a', 'Could not convert'],
    [{ a: { kind: 'TIME', start: 'now', step: '1s' } }, '/columns/a', '`now` is not a time'],
  ])('%j', async (columns, pointer, message) => {
    const error = await schemaOf(columns).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      pointer: expect.stringMatching(`^${pointer}`),
      message: expect.stringContaining(message),
    })
  })

  test.each([
    [{}, 'name at least one column'],
    [{ a: 'n', A: 'n' }, 'two names differ only in upper and lower case'],
  ])('%j', (columns, message) => {
    expect(sourceConfig.safeParse({ columns }).error?.issues.map((issue) => issue.message)).toContain(message)
  })
})

describe('records that an expression cannot compute', () => {
  test('are set aside one by one, with the column and the number', () =>
    withSession(1, async (session) => {
      const columns = {
        n: 'n * 10',
        odd: "CAST(CASE WHEN n % 3 = 1 THEN 'x' WHEN n = 6 THEN NULL ELSE '7' END AS INTEGER)",
        next: 'odd + 1',
      }
      const all = await readRanges(columns, [{ from: 3, to: 9 }], session)
      expect(all.records).toEqual([
        [30n, 7, 8],
        [50n, 7, 8],
        [60n, null, null],
        [80n, 7, 8],
      ])
      expect(all.places.map((place) => (place as { record?: number }).record)).toEqual([3, 5, 6, 8])
      expect(all.rejected).toEqual(
        [4, 7].map((n) => ({
          original: `{"n":${n}}`,
          place: { record: n },
          code: 'record.bad',
          message: expect.stringContaining('Column "odd" cannot be computed: Could not convert string \'x\''),
        })),
      )
    }))
})

/** Element n of the sequence that starts at `key`. */
function splitMix64(key: bigint, n: bigint): bigint {
  const low = (value: bigint) => BigInt.asUintN(64, value)
  let z = low(key + n * 0x9e3779b97f4a7c15n)
  z = low((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
  z = low((z ^ (z >> 27n)) * 0x94d049bb133111ebn)
  return z ^ (z >> 31n)
}
