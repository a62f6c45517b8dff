import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import { chainOf, drive, edge, graphOf, node, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const numbers = (count: number, more: object = {}, parallelism = 1) =>
  node('numbers', 'SOURCE', 'shelf', { count, select: 'n, n % 7 AS k', ...more }, 'BIGINT n, BIGINT k', parallelism)
const shelf = (schema: string, config: object = {}, parallelism = 1) =>
  node('shelf', 'SINK', 'shelf', { ...config }, schema, parallelism)

const even = node('even', 'OPERATOR', 'FILTER', { where: 'n % 2 = 0' }, 'BIGINT n, BIGINT k')
const perKey = node(
  'perKey',
  'OPERATOR',
  'AGGREGATE',
  { groupBy: ['k'], aggregates: { total: 'sum(n)', many: 'count(*)' } },
  'BIGINT k, HUGEINT total, BIGINT many',
)

describe('a chain', () => {
  test('reads, filters and writes in source order, and accounts for every record', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const graph = chainOf(
        [numbers(10_000), even, shelf('BIGINT n, BIGINT k')],
        [edge('numbers', 'even'), edge('even', 'shelf')],
      )
      const { counters } = await drive(graph, parts)
      expect(target.rows.map(([n]) => Number(n))).toEqual(Array.from({ length: 5_000 }, (_, index) => index * 2))
      expect(counters.numbers).toMatchObject({ in: 10_000, out: 10_000, passed: 10_000 })
      expect(counters.even).toMatchObject({ in: 10_000, out: 5_000, passed: 5_000, filtered: 5_000 })
      expect(counters.shelf).toMatchObject({ in: 5_000, passed: 5_000, failed: 0 })
    })
  })

  test('runs a shared prefix once for two branches', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const odd = node('odd', 'OPERATOR', 'FILTER', { where: 'n % 2 = 1' }, 'BIGINT n, BIGINT k')
      const other = { ...shelf('BIGINT n, BIGINT k'), id: 'other' }
      const graph = chainOf(
        [numbers(100), even, odd, shelf('BIGINT n, BIGINT k'), other],
        [edge('numbers', 'even'), edge('numbers', 'odd'), edge('even', 'shelf'), edge('odd', 'other')],
      )
      const { counters } = await drive(graph, parts)
      expect(counters.numbers).toMatchObject({ out: 100 })
      expect([counters.shelf?.passed, counters.other?.passed]).toEqual([50, 50])
      expect(target.rows).toHaveLength(100)
    })
  })

  test('gives the same result however its epochs are cut, with sessions kept or rebuilt', async () => {
    const graph = chainOf(
      [numbers(5_000), even, perKey, shelf('BIGINT k, HUGEINT total, BIGINT many')],
      [edge('numbers', 'even'), edge('even', 'perKey'), edge('perKey', 'shelf')],
    )
    const whole = await resultOf(graph, {})
    expect(whole.rows).toHaveLength(7)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 300, max: 5_000 }), fc.boolean(), async (epochRecords, cold) => {
        const cut = await resultOf(graph, { epochRecords, cold })
        expect(cut.rows).toEqual(whole.rows)
        expect(cut.counters.perKey).toMatchObject({ in: 2_500, absorbed: 2_500, out: 7 })
      }),
      { numRuns: 6 },
    )
  })

  test('ends a source whose end is found only afterwards with an empty epoch', async () => {
    const graph = chainOf(
      [numbers(2_000, { blind: true }), perKey, shelf('BIGINT k, HUGEINT total, BIGINT many')],
      [edge('numbers', 'perKey'), edge('perKey', 'shelf')],
    )
    const { rows } = await resultOf(graph, { epochRecords: 1_500 })
    expect(rows).toHaveLength(7)
  })

  test('marks every epoch, an empty one too', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const graph = chainOf([numbers(0), shelf('BIGINT n, BIGINT k')], [edge('numbers', 'shelf')])
      await drive(graph, parts)
      expect(target.marks.get('shelf/0')).toMatchObject({ epoch: 1, written: 0, rejects: null })
    })
  })

  test('writes nothing into a target that shows later epochs: its catalogue is older', async () => {
    const target = new Shelf()
    target.marks.set('shelf/0', { epoch: 5, written: 10, rejects: null, counters: '{}' })
    await withParts([target.connector], async (parts) => {
      const graph = chainOf([numbers(10), shelf('BIGINT n, BIGINT k')], [edge('numbers', 'shelf')])
      await expect(drive(graph, parts)).rejects.toMatchObject({ code: 'sink.ahead', nodeId: 'shelf' })
      expect(target.rows).toEqual([])
    })
  })
})

describe('several vertices', () => {
  const regions = node(
    'regions',
    'SOURCE',
    'shelf',
    { count: 5, select: "n AS id, 'r' || n AS name" },
    'BIGINT id, VARCHAR name',
  )
  const named = (parallelism = 1) =>
    node(
      'named',
      'OPERATOR',
      'JOIN',
      { type: 'LEFT', on: 'left.k = right.id', select: { n: 'left.n', name: 'right.name' } },
      'BIGINT n, VARCHAR name',
      parallelism,
    )
  const joined = (parallelism: number): JobGraph =>
    graphOf(
      [numbers(3_000, {}, parallelism), regions, named(parallelism), shelf('BIGINT n, VARCHAR name', {}, parallelism)],
      [
        edge('numbers', 'named', 'left'),
        edge('regions', 'named', 'right', { blocking: true, edgeType: parallelism > 1 ? 'BROADCAST' : 'FORWARD' }),
        edge('named', 'shelf'),
      ],
      [['regions'], ['numbers', 'named', 'shelf']],
      [
        { nodes: ['regions'], stages: [['regions']] },
        { nodes: ['numbers', 'named', 'shelf'], stages: [['numbers']] },
      ],
    )

  test.each([1, 3])(
    'fill a build side before it is joined with, at parallelism %i',
    async (parallelism) => {
      const target = new Shelf()
      await withParts([target.connector], async (parts) => {
        const { counters } = await drive(joined(parallelism), parts, { epochRecords: 400, cold: true })
        const names = new Map(target.rows.map(([n, name]) => [Number(n), name]))
        expect(names.size).toBe(3_000)
        for (const [n, name] of names) expect(name).toBe(n % 7 < 5 ? `r${n % 7}` : null)
        expect(counters.named).toMatchObject({ in: 3_005, absorbed: 5, passed: 3_000 })
      })
    },
    120_000,
  )

  test.each(['n < 0', 'n >= 1000'])(
    'go on after a batch of which no record reaches the filter before a join: %s',
    async (where) => {
      const columns = 'BIGINT n, BIGINT k'
      const first = node('first', 'OPERATOR', 'FILTER', { where }, columns)
      const second = node('second', 'OPERATOR', 'FILTER', { where: 'k < 3' }, columns)
      const graph = graphOf(
        [numbers(3_000), regions, first, second, named(), shelf('BIGINT n, VARCHAR name')],
        [
          edge('numbers', 'first'),
          edge('first', 'second'),
          edge('second', 'named', 'left'),
          edge('regions', 'named', 'right', { blocking: true }),
          edge('named', 'shelf'),
        ],
        [['regions'], ['numbers', 'first', 'second', 'named', 'shelf']],
        [
          { nodes: ['regions'], stages: [['regions']] },
          { nodes: ['numbers', 'first', 'second', 'named', 'shelf'], stages: [['numbers']] },
        ],
      )
      const { rows } = await resultOf(graph, { epochRecords: 400 })
      const expected = Array.from({ length: 3_000 }, (_, n) => n).filter(
        (n) => where !== 'n < 0' && n >= 1_000 && n % 7 < 3,
      )
      expect(rows).toEqual(expected.map((n) => [String(n), `r${n % 7}`]))
    },
  )

  test.each(['HASH', 'ROUND_ROBIN'] as const)('exchange records by %s', async (partitionStrategy) => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const parallel = { ...perKey, parallelism: 3 }
      const graph = graphOf(
        [numbers(4_000, {}, 2), parallel, shelf('BIGINT k, HUGEINT total, BIGINT many', {}, 3)],
        [
          edge('numbers', 'perKey', 'input', { edgeType: 'SHUFFLE', partitionStrategy, key: ['k'] }),
          edge('perKey', 'shelf'),
        ],
        [['numbers'], ['perKey', 'shelf']],
        [{ nodes: ['numbers', 'perKey', 'shelf'], stages: [['numbers'], ['perKey']] }],
      )
      const { counters } = await drive(graph, parts, { epochRecords: 1_000 })
      expect(counters.perKey).toMatchObject({ in: 4_000, absorbed: 4_000 })
      const many = target.rows.reduce((sum, [, , count]) => sum + Number(count), 0)
      expect(many).toBe(4_000)
      // Equal keys meet in one subtask by HASH; otherwise every subtask sees every key.
      expect(target.rows).toHaveLength(partitionStrategy === 'HASH' ? 7 : 21)
    })
  })
})

describe('a head with several inputs', () => {
  test('takes each in turn, and a sink may stand at the head of its own chain', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const more = { ...numbers(300), id: 'more' }
      const both = node('both', 'OPERATOR', 'UNION', { mode: 'BY_NAME' }, 'BIGINT n, BIGINT k')
      const graph = graphOf(
        [numbers(500), more, both, shelf('BIGINT n, BIGINT k', {}, 2)],
        [
          edge('numbers', 'both'),
          { ...edge('more', 'both'), id: 'more>both.input' },
          edge('both', 'shelf', 'input', { edgeType: 'SHUFFLE', partitionStrategy: 'ROUND_ROBIN' }),
        ],
        [['numbers'], ['more'], ['both'], ['shelf']],
        [{ nodes: ['numbers', 'more', 'both', 'shelf'], stages: [['numbers', 'more'], ['both'], ['shelf']] }],
      )
      const { counters } = await drive(graph, parts, { epochRecords: 200 })
      expect(counters.both).toMatchObject({ in: 800, out: 800, passed: 800 })
      expect(target.rows).toHaveLength(800)
      expect([target.marks.get('shelf/0')?.epoch, target.marks.get('shelf/1')?.epoch]).toEqual([3, 3])
    })
  })

  test('in the third stage learns that the first has ended', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const graph = graphOf(
        [numbers(500, { blind: true }), even, perKey, shelf('BIGINT k, HUGEINT total, BIGINT many')],
        [edge('numbers', 'even'), edge('even', 'perKey'), edge('perKey', 'shelf')],
        [['numbers'], ['even'], ['perKey', 'shelf']],
        [{ nodes: ['numbers', 'even', 'perKey', 'shelf'], stages: [['numbers'], ['even'], ['perKey']] }],
      )
      await drive(graph, parts, { epochRecords: 200 })
      expect(target.rows).toHaveLength(7)
    })
  })
})

describe('a failure', () => {
  const graph = chainOf(
    [
      numbers(4_000),
      perKey,
      shelf('BIGINT k, HUGEINT total, BIGINT many'),
      { ...shelf('BIGINT n, BIGINT k'), id: 'raw' },
    ],
    [edge('numbers', 'perKey'), edge('perKey', 'shelf'), edge('numbers', 'raw')],
  )

  test.each(['shelf', 'raw'])(
    'between append and commit of %s, tried again, gives the same output',
    async (failing) => {
      const target = new Shelf()
      let failures = 0
      target.beforeCommit = (sink) => {
        failures += 1
        if (sink === failing && failures % 2 === 1) throw new Error('lost')
      }
      const clean = await resultOf(graph, { epochRecords: 900 })
      await withParts([target.connector], async (parts) => {
        const { counters } = await drive(graph, parts, { epochRecords: 900, retries: 3 })
        const order = (rows: readonly unknown[][]) => rows.map((row) => JSON.stringify(row.map(String))).sort()
        expect(order(target.rows)).toEqual(order(clean.rows))
        expect(counters.raw).toMatchObject({ in: 4_000, passed: 4_000 })
        expect(failures).toBeGreaterThanOrEqual(10)
      })
    },
  )
})

describe('cancelling', () => {
  test('ends within a second in the middle of a query', async () => {
    const target = new Shelf()
    await withParts([target.connector], async (parts) => {
      const others = node('others', 'SOURCE', 'shelf', { count: 90_000, select: 'n AS id' }, 'BIGINT id')
      const slow = node(
        'slow',
        'OPERATOR',
        'JOIN',
        { on: 'left.n * right.id + left.n < 0' },
        'BIGINT n, BIGINT k, BIGINT id',
      )
      const graph = graphOf(
        [numbers(90_000, { batch: 90_000 }), others, slow, shelf('BIGINT n, BIGINT k, BIGINT id')],
        [edge('numbers', 'slow', 'left'), edge('others', 'slow', 'right', { blocking: true }), edge('slow', 'shelf')],
        [['others'], ['numbers', 'slow', 'shelf']],
        [
          { nodes: ['others'], stages: [['others']] },
          { nodes: ['numbers', 'slow', 'shelf'], stages: [['numbers']] },
        ],
      )
      const stop = new AbortController()
      let askedMs = 0
      setTimeout(() => {
        askedMs = performance.now()
        stop.abort()
      }, 1_000)
      await expect(drive(graph, parts, { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - askedMs).toBeLessThan(1_000)
      expect(askedMs).toBeGreaterThan(0)
      expect(target.rows).toEqual([])
    })
  })
})

async function resultOf(graph: JobGraph, options: Parameters<typeof drive>[2]) {
  const target = new Shelf()
  let counters: Awaited<ReturnType<typeof drive>>['counters'] = {}
  await withParts([target.connector], async (parts) => {
    counters = (await drive(graph, parts, options)).counters
  })
  const byKey = (a: unknown[], b: unknown[]) => Number(a[0]) - Number(b[0])
  return { rows: target.rows.map((row) => row.map(String)).sort(byKey), counters }
}
