import { describe, expect, test } from '@jest/globals'
import type { StreamNode } from '../../../../core/graph/stream-graph.js'
import type { JobSettings } from '../../../../core/spec/settings.js'
import { chainOf, type Driven, drive, edge, graphOf, node, withParts } from '../drive.js'
import { Shelf } from '../shelf.js'

const onBad = (action: 'FAIL' | 'SKIP' | 'DEAD_LETTER', max: number | null = null) => ({
  settings: { onBadRecord: { action, max, maxRatio: null } } as Partial<JobSettings>,
})
const source = (count: number, batch: number, select: string, schema: string) =>
  node('numbers', 'SOURCE', 'shelf', { count, batch, select }, schema)
const shelf = (schema: string, config: object = {}) => node('shelf', 'SINK', 'shelf', { ...config }, schema)

async function run(graph: Parameters<typeof drive>[0], options: Parameters<typeof drive>[2]) {
  const target = new Shelf()
  let driven: Driven | undefined
  await withParts([target.connector], async (parts) => {
    driven = await drive(graph, parts, options)
  })
  return { ...driven!, rows: target.rows }
}

const select = `n, CASE WHEN n % 5 = 2 THEN 'x' || n WHEN n % 7 = 1 THEN NULL ELSE n::VARCHAR END AS s,
  CASE WHEN n % 3 = 0 THEN 'number' ELSE 'word' END AS kind`
const schema = 'BIGINT n, VARCHAR s, VARCHAR kind'

/** Middle of a chain, with the columns that come out of it. */
const steps: readonly (readonly [title: string, step: StreamNode, out: string])[] = [
  ['a cast in a condition', node('step', 'OPERATOR', 'FILTER', { where: 's::BIGINT > 50' }, schema), schema],
  [
    'a condition that looks only at what it can read, and sometimes fails',
    node('step', 'OPERATOR', 'FILTER', { where: "kind = 'number' AND s::BIGINT > 5 AND n <> 12" }, schema),
    schema,
  ],
  [
    'a condition with OR inside',
    node('step', 'OPERATOR', 'FILTER', { where: "(kind = 'word' OR s::BIGINT > 5) AND n > 3" }, schema),
    schema,
  ],
  [
    'computed columns over computed columns, and casts',
    node(
      'step',
      'OPERATOR',
      'MAP',
      {
        set: { v: 's::BIGINT', unread: 'substr(s, 1, 1)::BIGINT + 1' },
        select: { n: 'n', w: '100 // (v % 4) + 1000', t: 'kind || n' },
        rename: { t: 'u' },
        cast: { w: 'UTINYINT' },
      },
      'BIGINT n, UTINYINT w, VARCHAR u',
    ),
    'BIGINT n, UTINYINT w, VARCHAR u',
  ],
  [
    'a cast of a column',
    node('step', 'OPERATOR', 'MAP', { cast: { S: 'INTEGER' }, drop: ['kind'] }, 'BIGINT n, INTEGER s'),
    'BIGINT n, INTEGER s',
  ],
  [
    'a list that cannot be made',
    node(
      'step',
      'OPERATOR',
      'FLATMAP',
      { unnest: 'range(s::BIGINT % 3)', as: 'e', keepEmpty: true },
      `${schema}, BIGINT e`,
    ),
    `${schema}, BIGINT e`,
  ],
]

const graphOfStep = (step: StreamNode, out: string, count: number, batch: number) =>
  chainOf([source(count, batch, select, schema), step, shelf(out)], [edge('numbers', 'step'), edge('step', 'shelf')])

describe('many bad records are the same as those that fail when each runs alone', () => {
  test.each(steps)('%s', async (_title, step, out) => {
    const alone = await run(graphOfStep(step, out, 90, 1), onBad('DEAD_LETTER'))
    const together = await run(graphOfStep(step, out, 90, 90), onBad('DEAD_LETTER'))
    expect(together.rejected.length).toBeGreaterThan(0)
    expect(together.rejected).toEqual(alone.rejected)
    expect(together.rows).toEqual(alone.rows)
    const { in: arrived, out: left, passed, filtered, failed } = together.counters.step!
    expect({ in: arrived, out: left, passed, filtered, failed }).toEqual({
      in: alone.counters.step!.in,
      out: alone.counters.step!.out,
      passed: alone.counters.step!.passed,
      filtered: alone.counters.step!.filtered,
      failed: alone.counters.step!.failed,
    })
  })

  test('keys and values of a join', async () => {
    const right = node(
      'right',
      'SOURCE',
      'shelf',
      { count: 40, select: "n * 3 AS id, 'r' || n AS name" },
      'BIGINT id, VARCHAR name',
    )
    const joined = node(
      'join',
      'OPERATOR',
      'JOIN',
      {
        type: 'LEFT',
        on: '"left".s::BIGINT = "right".id',
        select: {
          n: '"left".n',
          name: '"right".name',
          v: '100 // ("left".n % 2) + substr("right".name, 2)::TINYINT * 5::TINYINT',
        },
      },
      'BIGINT n, VARCHAR name, BIGINT v',
    )
    const graph = (batch: number) =>
      graphOf(
        [source(90, batch, select, schema), right, joined, shelf('BIGINT n, VARCHAR name, BIGINT v')],
        [edge('numbers', 'join', 'left'), edge('right', 'join', 'right', { blocking: true }), edge('join', 'shelf')],
        [['numbers', 'join', 'shelf'], ['right']],
        [
          { nodes: ['right'], stages: [['right']] },
          { nodes: ['numbers', 'join', 'shelf'], stages: [['numbers']] },
        ],
      )
    const alone = await run(graph(1), onBad('DEAD_LETTER'))
    const together = await run(graph(90), onBad('DEAD_LETTER'))
    expect(together.rejected.length).toBeGreaterThan(18)
    expect(together.rejected).toEqual(alone.rejected)
    expect(together.rows).toEqual(alone.rows)
  })

  test('arguments of aggregates, which are merged once', async () => {
    const sum = node(
      'sum',
      'OPERATOR',
      'AGGREGATE',
      { groupBy: ['kind'], aggregates: { total: 'sum(s::BIGINT)', many: 'count(*) FILTER (WHERE s::BIGINT % 2 = 0)' } },
      'VARCHAR kind, HUGEINT total, BIGINT many',
    )
    const graph = (batch: number) =>
      chainOf(
        [source(200, batch, select, schema), sum, shelf('VARCHAR kind, HUGEINT total, BIGINT many')],
        [edge('numbers', 'sum'), edge('sum', 'shelf')],
      )
    const alone = await run(graph(1), onBad('DEAD_LETTER'))
    const together = await run(graph(200), onBad('DEAD_LETTER'))
    expect(together.rejected).toHaveLength(40)
    expect(together.rejected).toEqual(alone.rejected)
    expect(together.rows).toEqual(alone.rows)
    expect(together.counters.sum).toMatchObject({ in: 200, failed: 40, absorbed: 160 })
  })
})

describe('messages', () => {
  const graph = (count: number) =>
    graphOfStep(node('step', 'OPERATOR', 'MAP', { select: { v: 's::BIGINT' } }, 'BIGINT v'), 'BIGINT v', count, 10_000)

  test('of the first hundred of a batch are the own of each, the others name the expression', async () => {
    const { rejected } = await run(graph(2_000), onBad('DEAD_LETTER'))
    expect(rejected).toHaveLength(400)
    for (const [index, { original, message }] of rejected.entries()) {
      const value = (JSON.parse(original) as { s: string }).s
      if (index < 100) expect(message).toContain(`'${value}'`)
      else expect(message).toMatch(/^`v` cannot be computed: .*BIGINT/)
    }
  })

  test('with FAIL the first bad record is named', async () => {
    await expect(run(graph(2_000), onBad('FAIL'))).rejects.toMatchObject({
      message: expect.stringMatching(/'x2'.*line 3\)$/),
    })
  })
})

describe('100,000 bad records of a million', () => {
  const total = node(
    'total',
    'OPERATOR',
    'AGGREGATE',
    { groupBy: [], aggregates: { many: 'count(*)', sum: 'sum(v)' } },
    'BIGINT many, HUGEINT sum',
  )
  const keep = node('keep', 'OPERATOR', 'FILTER', { where: 'n >= 0' }, 'BIGINT n, VARCHAR s')
  const cast = node('cast', 'OPERATOR', 'MAP', { select: { v: 's::BIGINT' } }, 'BIGINT v')
  const graph = chainOf(
    [
      source(
        1_000_000,
        250_000,
        "n, CASE WHEN n % 10 = 3 THEN 'x' || n ELSE n::VARCHAR END AS s",
        'BIGINT n, VARCHAR s',
      ),
      keep,
      cast,
      total,
      shelf('BIGINT many, HUGEINT sum'),
    ],
    [edge('numbers', 'keep'), edge('keep', 'cast'), edge('cast', 'total'), edge('total', 'shelf')],
  )
  test.each(['SKIP', 'DEAD_LETTER'] as const)(
    'under %s are all accounted for',
    async (action) => {
      const started = performance.now()
      const { counters, rejected, rows } = await run(graph, onBad(action))
      process.stdout.write(`${action}: ${Math.round(performance.now() - started)} ms\n`)
      expect(counters.cast).toMatchObject({ in: 1_000_000, passed: 900_000, failed: 100_000 })
      const sum = 499_999_500_000n - (100_000n * 3n + 10n * 4_999_950_000n)
      expect(rows.map((row) => row.map(String))).toEqual([['900000', String(sum)]])
      expect(rejected).toHaveLength(action === 'SKIP' ? 0 : 100_000)
      for (const [index, { place, original }] of rejected.entries()) {
        const n = index * 10 + 3
        if (place.line !== n + 1 || original !== `{"n":${n},"s":"x${n}"}`) throw new Error(`${index}: ${original}`)
      }
    },
    120_000,
  )
})
