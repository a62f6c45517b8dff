import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { StreamNode } from '../../../../core/graph/stream-graph.js'
import type { JobSettings } from '../../../../core/spec/settings.js'
import { chainOf, type DriveOptions, drive, edge, graphOf, node, withParts } from '../drive.js'
import { Shelf } from '../shelf.js'

const numbers = (
  count: number,
  select = "n, CASE WHEN n % 100 = 42 THEN 'x' || n ELSE n::VARCHAR END AS s",
  more: object = {},
) => node('numbers', 'SOURCE', 'shelf', { count, select, ...more }, 'BIGINT n, VARCHAR s')
const cast = node('cast', 'OPERATOR', 'MAP', { select: { n: 'n', v: 's::BIGINT' } }, 'BIGINT n, BIGINT v')
const keep: StreamNode = node('keep', 'OPERATOR', 'FILTER', { where: 'n % 2 = 0' }, 'BIGINT n, VARCHAR s')
const shelf = (schema: string, config: object = {}, id = 'shelf') => node(id, 'SINK', 'shelf', { ...config }, schema)

const casting = (count: number) =>
  chainOf(
    [numbers(count), keep, cast, shelf('BIGINT n, BIGINT v')],
    [edge('numbers', 'keep'), edge('keep', 'cast'), edge('cast', 'shelf')],
  )

const onBad = (action: 'FAIL' | 'SKIP' | 'DEAD_LETTER', max: number | null = null, maxRatio: number | null = null) => ({
  settings: { onBadRecord: { action, max, maxRatio } } as Partial<JobSettings>,
})

async function run(graph: Parameters<typeof drive>[0], options: DriveOptions) {
  const target = new Shelf()
  let driven: Awaited<ReturnType<typeof drive>> | undefined
  await withParts([target.connector], async (parts) => {
    driven = await drive(graph, parts, options)
  })
  return { ...driven!, rows: target.rows, target }
}

describe('FAIL', () => {
  test('names the node, the place in the source and the value', async () => {
    await expect(run(casting(3_000), onBad('FAIL'))).rejects.toMatchObject({
      code: 'record.bad',
      nodeId: 'cast',
      message: expect.stringMatching(/^cast: .*x42.*\(count, line 43\)$/),
    })
  })

  test('writes nothing of the epoch', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      await expect(drive(casting(3_000), parts, onBad('FAIL'))).rejects.toMatchObject({ code: 'record.bad' })
    })
    expect(target.rows).toEqual([])
  })

  test('names a record that the sink refuses, behind a filter', async () => {
    const graph = chainOf(
      [numbers(2_000, 'n, n::VARCHAR AS s'), keep, shelf('BIGINT n, VARCHAR s', { refuse: 'n = 1236' })],
      [edge('numbers', 'keep'), edge('keep', 'shelf')],
    )
    await expect(run(graph, onBad('FAIL'))).rejects.toMatchObject({
      code: 'record.bad',
      nodeId: 'shelf',
      message: 'shelf: The shelf will not have it. (count, line 1237)',
    })
  })
})

describe('DEAD_LETTER', () => {
  test('keeps each bad record as its source gave it, with its place, and writes the rest in order', async () => {
    const { rows, rejected, counters } = await run(casting(1_000), onBad('DEAD_LETTER'))
    expect(rejected).toHaveLength(10)
    expect(rejected[1]).toEqual({
      nodeId: 'cast',
      original: '{"n":142,"s":"x142"}',
      of: 'numbers',
      place: { file: 'count', line: 143 },
      code: 'record.bad',
      message: expect.stringContaining('x142'),
    })
    const expected = Array.from({ length: 500 }, (_, index) => index * 2).filter((n) => n % 100 !== 42)
    expect(rows.map(([n, v]) => [Number(n), Number(v)])).toEqual(expected.map((n) => [n, n]))
    expect(counters.cast).toMatchObject({ in: 500, passed: 490, failed: 10 })
    expect(counters.shelf).toMatchObject({ in: 490, passed: 490 })
  })

  test('takes what the source cannot read from the source', async () => {
    const graph = chainOf(
      [
        numbers(2_000, "n, CASE WHEN n % 1000 = 13 THEN error('Invalid Input Error: thirteen') ELSE 'ok' END AS s"),
        shelf('BIGINT n, VARCHAR s'),
      ],
      [edge('numbers', 'shelf')],
    )
    const { rejected, rows, counters } = await run(graph, onBad('DEAD_LETTER'))
    expect(rejected.map(({ nodeId, original }) => [nodeId, original])).toEqual([
      ['numbers', 'n13'],
      ['numbers', 'n1013'],
    ])
    expect(rows).toHaveLength(1_998)
    expect(counters.numbers).toMatchObject({ in: 2_000, out: 1_998, failed: 2 })
  })

  test('finds the origin of what the sink refuses, also when other records failed before it', async () => {
    const graph = chainOf(
      [numbers(1_000), keep, cast, shelf('BIGINT n, BIGINT v', { refuse: 'v IN (10, 500, 998)' })],
      [edge('numbers', 'keep'), edge('keep', 'cast'), edge('cast', 'shelf')],
    )
    const { rejected, counters } = await run(graph, onBad('DEAD_LETTER'))
    const refused = rejected.filter(({ nodeId }) => nodeId === 'shelf')
    expect(refused.map(({ place }) => place.line)).toEqual([11, 501, 999])
    expect(refused.map(({ original }) => original)).toEqual([
      '{"n":10,"s":"10"}',
      '{"n":500,"s":"500"}',
      '{"n":998,"s":"998"}',
    ])
    expect(counters.shelf).toMatchObject({ in: 490, passed: 487, failed: 3 })
  })

  test('lets a record go on in the other branches', async () => {
    const graph = chainOf(
      [numbers(200), cast, shelf('BIGINT n, BIGINT v'), shelf('BIGINT n, VARCHAR s', {}, 'raw')],
      [edge('numbers', 'cast'), edge('numbers', 'raw'), edge('cast', 'shelf')],
    )
    const { counters } = await run(graph, onBad('DEAD_LETTER'))
    expect(counters.raw).toMatchObject({ in: 200, passed: 200 })
    expect(counters.shelf).toMatchObject({ in: 198, passed: 198 })
  })

  test('rejects one of the records that one record fans out to, and keeps the others', async () => {
    const words = node(
      'words',
      'OPERATOR',
      'FLATMAP',
      { unnest: "['1', s, '3']", as: 'w' },
      'BIGINT n, VARCHAR s, VARCHAR w',
    )
    const castWord = node('cast', 'OPERATOR', 'MAP', { select: { n: 'n', v: 'w::BIGINT' } }, 'BIGINT n, BIGINT v')
    const graph = chainOf(
      [numbers(100), words, castWord, shelf('BIGINT n, BIGINT v')],
      [edge('numbers', 'words'), edge('words', 'cast'), edge('cast', 'shelf')],
    )
    const { counters, rejected, rows } = await run(graph, onBad('DEAD_LETTER'))
    expect(counters.words).toMatchObject({ in: 100, passed: 100, out: 300 })
    expect(counters.cast).toMatchObject({ in: 300, passed: 299, failed: 1 })
    // The record of the source would stand for its other two as well.
    const original = '{"n":42,"s":"x42","w":"x42"}'
    expect(rejected).toMatchObject([{ place: { line: 43 }, of: 'words', original }])
    expect(rows.filter(([n]) => Number(n) === 42).map(([, v]) => Number(v))).toEqual([1, 3])
  })

  test('merges the good records of a bad batch into state exactly once', async () => {
    const sum = node(
      'sum',
      'OPERATOR',
      'AGGREGATE',
      { groupBy: [], aggregates: { many: 'count(*)', total: 'sum(v)' } },
      'BIGINT many, HUGEINT total',
    )
    const graph = chainOf(
      [numbers(1_000), cast, sum, shelf('BIGINT many, HUGEINT total')],
      [edge('numbers', 'cast'), edge('cast', 'sum'), edge('sum', 'shelf')],
    )
    const { rows } = await run(graph, { ...onBad('DEAD_LETTER'), epochRecords: 170, cold: true })
    const good = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => n % 100 !== 42)
    expect(rows.map((row) => row.map(String))).toEqual([[String(good.length), String(good.reduce((a, b) => a + b, 0))]])
  })

  test.each(['sum(s::BIGINT)', 'median(s::BIGINT)', 'list(s::BIGINT)[1]'])(
    'leaves out what %s cannot compute, whatever is kept of a record until the end',
    async (total) => {
      const aggregates = { many: 'count(*)', total }
      const sum = node('sum', 'OPERATOR', 'AGGREGATE', { groupBy: [], aggregates }, 'BIGINT many, VARCHAR total')
      const graph = chainOf(
        [numbers(1_000), sum, shelf('BIGINT many, VARCHAR total')],
        [edge('numbers', 'sum'), edge('sum', 'shelf')],
      )
      const { rows, rejected } = await run(graph, onBad('DEAD_LETTER'))
      expect(rows.map(([many]) => Number(many))).toEqual([990])
      expect(rejected).toHaveLength(10)
      expect(rejected[0]).toMatchObject({ nodeId: 'sum', original: '{"n":42,"s":"x42"}', place: { line: 43 } })
    },
  )

  test('tells the record apart behind an exchange', async () => {
    const graph = graphOf(
      [numbers(500), { ...cast, parallelism: 2 }, { ...shelf('BIGINT n, BIGINT v'), parallelism: 2 }],
      [
        edge('numbers', 'cast', 'input', { edgeType: 'SHUFFLE', partitionStrategy: 'ROUND_ROBIN' }),
        edge('cast', 'shelf'),
      ],
      [['numbers'], ['cast', 'shelf']],
      [{ nodes: ['numbers', 'cast', 'shelf'], stages: [['numbers'], ['cast']] }],
    )
    const { rejected, rows } = await run(graph, onBad('DEAD_LETTER'))
    expect(rejected.map(({ original }) => original)).toContain('{"n":442,"s":"x442"}')
    expect(rejected).toHaveLength(5)
    expect(rows).toHaveLength(495)
  })

  test('finds the same records wherever batches and epochs are cut', async () => {
    const whole = await run(casting(1_000), onBad('DEAD_LETTER'))
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 90, max: 1_000 }),
        fc.integer({ min: 50, max: 600 }),
        async (epochRecords, batch) => {
          const graph = chainOf(
            [numbers(1_000, undefined, { batch }), keep, cast, shelf('BIGINT n, BIGINT v')],
            [edge('numbers', 'keep'), edge('keep', 'cast'), edge('cast', 'shelf')],
          )
          const cut = await run(graph, { ...onBad('DEAD_LETTER'), epochRecords })
          expect(cut.rows).toEqual(whole.rows)
          expect(cut.rejected).toEqual(whole.rejected)
        },
      ),
      { numRuns: 5 },
    )
  }, 60_000)

  test('names the same rejects when a marked epoch is run again', async () => {
    const target = new Shelf()
    let commits = 0
    target.beforeCommit = (sink) => {
      commits += 1
      if (sink === 'raw' && commits === 2) throw new Error('lost')
    }
    await withParts([target.connector], async (parts) => {
      const graph = chainOf(
        [numbers(200), cast, shelf('BIGINT n, BIGINT v'), shelf('BIGINT n, VARCHAR s', {}, 'raw')],
        [edge('numbers', 'cast'), edge('numbers', 'raw'), edge('cast', 'shelf')],
      )
      const { rejected, counters } = await drive(graph, parts, { ...onBad('DEAD_LETTER'), retries: 1 })
      expect(rejected).toHaveLength(2)
      expect(counters.cast).toMatchObject({ in: 200, failed: 2 })
      expect(target.rows).toHaveLength(198 + 200)
    })
  })
})

describe('SKIP and tolerances', () => {
  test('SKIP counts and keeps nothing', async () => {
    const { rejected, counters } = await run(casting(500), onBad('SKIP'))
    expect(rejected).toEqual([])
    expect(counters.cast).toMatchObject({ failed: 5, passed: 245 })
  })

  test('more than max ends it before anything is visible', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      await expect(drive(casting(1_000), parts, onBad('SKIP', 9))).rejects.toMatchObject({ code: 'record.tolerance' })
      await drive(casting(1_000), parts, onBad('SKIP', 10))
    })
    expect(target.rows).toHaveLength(490)
  })

  test('the ratio is judged from 1,000 records on', async () => {
    await expect(run(casting(1_000), onBad('SKIP', null, 0.009))).rejects.toMatchObject({ code: 'record.tolerance' })
    await run(casting(1_000), onBad('SKIP', null, 0.01))
    await run(casting(999), onBad('SKIP', null, 0))
  })
})

test('a source that gives fewer records than it holds is an error, and nothing is written', async () => {
  const target = new Shelf()
  await withParts([target.connector], async (parts) => {
    const graph = chainOf(
      [numbers(3_000, 'n, n::VARCHAR AS s', { lost: 'n = 1234' }), shelf('BIGINT n, VARCHAR s')],
      [edge('numbers', 'shelf')],
    )
    await expect(drive(graph, parts, onBad('SKIP'))).rejects.toMatchObject({
      code: 'accounting.mismatch',
      nodeId: 'numbers',
      message: 'numbers: 1000 records were to be read and 999 came (count, from line 1001 on).',
    })
  })
  expect(target.rows).toEqual([])
})
