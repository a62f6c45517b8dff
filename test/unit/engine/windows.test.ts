/** WINDOW within graphs: how event time reaches it, its second output, its bad records. */
import { describe, expect, test } from '@jest/globals'
import { compileJob } from '../../../engine/compile-job.js'
import { type DriveOptions, drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const ticks = (more: object = {}, count = 600) => ({
  id: 'ticks',
  source: 'shelf',
  config: {
    count,
    batch: 50,
    select: "n, n % 7 AS k, TIMESTAMP '1969-12-31 20:00' + INTERVAL 1 MINUTE * CAST(n * 37 % 600 AS INTEGER) AS ts",
    types: { n: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' },
  },
  ...more,
})
const timed = ticks({ watermark: { time: 'ts' } })
const win = (input: string, config: object = {}, more: object = {}) => ({
  id: 'win',
  operator: 'WINDOW',
  input,
  config: { type: 'TUMBLING', size: '1h', groupBy: ['k'], aggregates: { many: 'count(*)' }, ...config },
  ...more,
})
const out = (input: string, id = 'out') => ({ id, sink: 'shelf', input, config: {} })

async function compiled(nodes: readonly object[], more: object = {}) {
  const target = new Shelf()
  let answer: Awaited<ReturnType<typeof compileJob>> | undefined
  await withParts([target.connector], async (parts) => {
    answer = await compileJob({ name: 'windows', nodes, ...more }, parts)
  })
  return answer!
}

async function run(nodes: readonly object[], options: DriveOptions = {}) {
  const target = new Shelf()
  let driven: Awaited<ReturnType<typeof drive>> | undefined
  await withParts([target.connector], async (parts) => {
    const job = await compileJob({ name: 'windows', nodes }, parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    driven = await drive(job.graph, parts, options)
  })
  return { ...driven!, rows: target.rows }
}

describe('event time reaches a window', () => {
  const map = (config: object, more: object = {}) => ({ id: 'map', operator: 'MAP', input: 'ticks', config, ...more })
  const other = (more: object) => ({ ...ticks(more), id: 'other' })

  test.each([
    ['from the source', [timed], 'ticks'],
    ['from the source, whatever its case', [ticks({ watermark: { time: 'TS' } })], 'ticks'],
    ['from a MAP', [ticks(), map({ rename: { ts: 'seen' } }, { watermark: { time: 'seen' } })], 'map'],
    ['through a MAP that keeps the column', [timed, map({ set: { n: 'n + 1' }, cast: { ts: 'DATE' } })], 'map'],
    ['through FILTER', [timed, { id: 'some', operator: 'FILTER', input: 'ticks', config: { where: 'n > 3' } }], 'some'],
    [
      'through DEDUPLICATE and SORT',
      [
        timed,
        { id: 'one', operator: 'DEDUPLICATE', input: 'ticks', config: { key: ['n'] } },
        { id: 'sorted', operator: 'SORT', input: 'one', config: { by: [{ column: 'n' }] } },
      ],
      'sorted',
    ],
    [
      'through SQL that gives the column',
      [timed, { id: 'query', operator: 'SQL', input: 'ticks', config: { query: 'SELECT k, ts FROM input' } }],
      'query',
    ],
    [
      'through a UNION of the same',
      [
        timed,
        other({ watermark: { time: 'ts' } }),
        { id: 'all', operator: 'UNION', inputs: ['ticks', 'other'], config: {} },
      ],
      'all',
    ],
    [
      'from the left of a JOIN',
      [
        timed,
        other({}),
        {
          id: 'both',
          operator: 'JOIN',
          inputs: { left: 'ticks', right: 'other' },
          config: { type: 'INNER', on: 'left.n = right.n', select: { '*': 'left.*' } },
        },
      ],
      'both',
    ],
    ['from the records that came too late for another', [timed, { ...win('ticks'), id: 'first' }], 'first.late'],
    [
      'from another window, by its own watermark',
      [timed, { ...win('ticks'), id: 'first', watermark: { time: 'window_end' } }],
      'first',
    ],
  ])('%s', async (_, nodes, input) => {
    expect(await compiled([...nodes, win(input), out('win')])).toMatchObject({ ok: true })
  })

  const lost = {
    pointer: expect.stringMatching(/^\/nodes\/\d\/config$/),
    nodeId: 'win',
    code: 'spec.invalid',
    message: 'WINDOW needs event time, and none reaches it.',
  }
  test.each([
    ['nobody names it', [ticks()], 'ticks', '`watermark: { time: ts }`'],
    ['the column is renamed', [timed, map({ rename: { ts: 'seen' } })], 'map', '`watermark: { time: seen }`'],
    ['the column is dropped', [timed, map({ drop: ['ts'] })], 'map', '`watermark: { time: COLUMN }`'],
    ['the column becomes text', [timed, map({ cast: { ts: 'VARCHAR' } })], 'map', '`watermark: { time: COLUMN }`'],
    [
      'one side of a UNION has none',
      [timed, other({}), { id: 'all', operator: 'UNION', inputs: ['ticks', 'other'], config: {} }],
      'all',
      '`watermark: { time: ts }`',
    ],
    [
      'it is that of a build side',
      [
        ticks(),
        other({ watermark: { time: 'ts' } }),
        {
          id: 'both',
          operator: 'JOIN',
          inputs: { left: 'ticks', right: 'other' },
          config: { type: 'INNER', on: 'left.n = right.n', select: { k: 'left.k', ts: 'right.ts' } },
        },
      ],
      'both',
      '`watermark: { time: ts }`',
    ],
  ])('not if %s', async (_, nodes, input, hint) => {
    const answer = await compiled([...nodes, win(input), out('win')])
    expect(answer).toEqual({ ok: false, problems: [{ ...lost, hint: expect.stringContaining(hint) }] })
  })

  test('a list of times is none', async () => {
    const nodes = [ticks(), map({ set: { ts: '[ts]' } }, { watermark: { time: 'ts' } }), out('map')]
    expect(await compiled(nodes)).toMatchObject({
      ok: false,
      problems: [
        { pointer: '/nodes/1/watermark/time', message: 'Event time must be a TIMESTAMP, and `ts` is TIMESTAMP[].' },
      ],
    })
  })
})

test('only the expression that is wrong is told of, and not the one that reads the window', async () => {
  const aggregates = { rate: 'count(*) / epoch(window_end - window_start)', wrong: 'sum(nn)' }
  expect(await compiled([timed, win('ticks', { aggregates }), out('win')])).toMatchObject({
    ok: false,
    problems: [{ pointer: '/nodes/1/config/aggregates/wrong', hint: 'Did you mean `n`?' }],
  })
})

test('a window is keyed by its groups; without any, all records meet in one subtask', async () => {
  const wide = await compiled([timed, win('ticks'), out('win')], { parallelism: 3 })
  if (!wide.ok) throw new Error('does not compile')
  expect(wide.graph.stream.edges[0]).toMatchObject({ edgeType: 'SHUFFLE', partitionStrategy: 'HASH', key: ['k'] })
  const one = await compiled([timed, win('ticks', { groupBy: [] }), out('win')], { parallelism: 3 })
  if (!one.ok) throw new Error('does not compile')
  expect(one.graph.stream.nodes.find(({ id }) => id === 'win')?.parallelism).toBe(1)
  expect(one.graph.stream.nodes.find(({ id }) => id === 'win')?.schema).toEqual([
    { name: 'window_start', type: 'TIMESTAMP' },
    { name: 'window_end', type: 'TIMESTAMP' },
    { name: 'many', type: 'BIGINT' },
  ])
})

describe('the second output', () => {
  const late = {
    schema: [
      { name: 'n', type: 'BIGINT' },
      { name: 'k', type: 'BIGINT' },
      { name: 'ts', type: 'TIMESTAMP' },
    ],
  }
  test.each([1, 3])('has the columns of the input and in BATCH no record, parallelism %i', async (parallelism) => {
    const wide = <Node extends object>(node: Node) => ({ ...node, parallelism })
    const nodes = [
      wide(timed),
      wide(win('ticks')),
      out('win'),
      wide(out('win.late', 'chained')),
      { id: 'counted', operator: 'AGGREGATE', input: 'win.late', config: { aggregates: { lates: 'count(*)' } } },
      out('counted', 'counts'),
      wide({ id: 'again', operator: 'FILTER', input: 'win.late', config: { where: 'epoch(ts) > n' } }),
      { ...out('again', 'apart'), chaining: 'NEVER' },
      {
        id: 'joined',
        operator: 'JOIN',
        inputs: { left: 'ticks', right: 'win.late' },
        config: { type: 'SEMI', on: 'left.n = right.n' },
      },
      out('joined', 'joins'),
    ]
    const job = await compiled(nodes)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    for (const id of ['chained', 'again', 'apart'])
      expect(job.graph.stream.nodes.find((node) => node.id === id)).toMatchObject(late)
    const { counters, rows } = await run(nodes, { epochRecords: 170 })
    for (const id of ['chained', 'again', 'apart', 'joins']) expect(counters[id]?.in).toBe(0)
    // Once for each of the two phases: the build side of the join is one.
    expect(counters.win).toMatchObject({ in: 1_200, absorbed: 1_200, filtered: 0, late: 0, out: 140 })
    expect(counters.counts).toMatchObject({ in: 1 })
    expect(rows.filter((row) => row.length === 1).map(String)).toEqual(['0'])
    expect(counters.out?.in).toBe(70)
    expect(rows).toHaveLength(1 + 70)
  })
})

describe('a record without event time', () => {
  const broken = ticks({
    watermark: { time: 'ts' },
    config: {
      count: 1_000,
      batch: 100,
      select:
        "n, n % 7 AS k, CASE WHEN n % 250 = 42 THEN NULL ELSE TIMESTAMP '2026-03-01' + INTERVAL 1 SECOND * CAST(n AS INTEGER) END AS ts",
      types: { n: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' },
    },
  })
  const settings = (action: 'FAIL' | 'DEAD_LETTER') => ({
    settings: { onBadRecord: { action, max: null, maxRatio: null } },
  })

  test.each([
    ['partial results', { many: 'count(*)' }],
    ['whole records', { many: 'count(DISTINCT n)' }],
  ])('becomes a dead letter, and the others are counted: %s', async (_, aggregates) => {
    for (const kind of [
      { type: 'TUMBLING', size: '1d' },
      { type: 'SESSION', gap: '1m' },
    ]) {
      const config = { size: undefined, ...kind, groupBy: [], aggregates }
      const { counters, rejected, rows } = await run([broken, win('ticks', config), out('win')], {
        ...settings('DEAD_LETTER'),
        epochRecords: 300,
      })
      expect(rejected.map(({ nodeId, message, place }) => [nodeId, message, place])).toEqual(
        [43, 293, 543, 793].map((line) => [
          'win',
          'The event time `ts` is missing, or out of range.',
          { file: 'count', line },
        ]),
      )
      expect(counters.win).toMatchObject({ in: 1_000, absorbed: 996, failed: 4, out: 1 })
      expect(rows.map((row) => String(row.at(-1)))).toEqual(['996'])
    }
  })

  test('ends the execution where bad records do', async () => {
    await expect(run([broken, win('ticks'), out('win')], settings('FAIL'))).rejects.toMatchObject({
      code: 'record.bad',
      nodeId: 'win',
      message: 'win: The event time `ts` is missing, or out of range. (count, line 43)',
    })
  })

  test('and one whose argument cannot be computed are told apart', async () => {
    const aggregates = { sum: "sum(CAST(CASE WHEN n % 100 = 7 THEN 'x' ELSE '1' END AS BIGINT))" }
    const { rejected, rows } = await run(
      [broken, win('ticks', { size: '1d', groupBy: [], aggregates }), out('win')],
      settings('DEAD_LETTER'),
    )
    expect(rejected).toHaveLength(14)
    expect(rows.map((row) => String(row.at(-1)))).toEqual(['986'])
  })

  test('an argument that cannot be computed in one of several windows fails its record', async () => {
    const aggregates = {
      sum: "sum(CAST(CASE WHEN n = 7 AND window_start = TIMESTAMP '2026-03-01' THEN 'x' ELSE '1' END AS BIGINT))",
    }
    const config = { type: 'HOPPING', size: '2h', slide: '1h', groupBy: [], aggregates }
    const { rejected, rows, counters } = await run(
      [timed, { ...win('ticks', config) }, out('win')].map((node, index) =>
        index === 0 ? { ...broken, config: { ...broken.config, count: 20 } } : node,
      ),
      settings('DEAD_LETTER'),
    )
    expect(rejected.map(({ place }) => place)).toEqual([{ file: 'count', line: 8 }])
    expect(rows.map((row) => String(row.at(-1)))).toEqual(['19', '19'])
    expect(counters.win).toMatchObject({ in: 20, absorbed: 19, failed: 1, out: 2 })
  })
})
