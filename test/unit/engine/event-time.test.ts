/** How watermarks come from sources to windows in STREAMING: through operators, exchanges and files, idle or at their end. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../../connectors/index.js'
import { nextIdleMs } from '../../../core/execution/watermarks.js'
import { compileJob } from '../../../engine/compile-job.js'
import { planEpoch } from '../../../engine/plan-epoch.js'
import { type DriveOptions, drive, someSettings, withParts } from './drive.js'
import { Shelf } from './shelf.js'

/** Ten seconds each; every 40th record is three minutes behind. */
const ticks = (more: object = {}) => ({
  id: 'ticks',
  source: 'shelf',
  config: {
    count: 400,
    batch: 50,
    select:
      "n, n % 3 AS k, TIMESTAMP '2026-03-01' + INTERVAL 10 SECOND * CAST(n AS INTEGER) - CASE WHEN n % 40 = 39 THEN INTERVAL 3 MINUTE ELSE INTERVAL 0 MINUTE END AS ts",
    types: { n: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' },
  },
  watermark: { time: 'ts' },
  ...more,
})
const win = (input: string, config: object = {}, more: object = {}) => ({
  id: 'win',
  operator: 'WINDOW',
  input,
  config: { type: 'TUMBLING', size: '1m', groupBy: ['k'], aggregates: { many: 'count(*)' }, ...config },
  ...more,
})
const out = (input: string, id = 'out') => ({ id, sink: 'shelf', input, config: {} })

async function run(nodes: readonly object[], options: DriveOptions = {}, more: object = {}) {
  const shelf = new Shelf()
  let driven: Awaited<ReturnType<typeof drive>> | undefined
  await withParts([shelf.connector, ...connectors], async (parts, folder) => {
    await writeFiles(folder)
    const job = await compileJob({ name: 'times', type: 'STREAMING', nodes, ...more }, parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    const settings = { type: 'STREAMING' as const, ...options.settings }
    driven = await drive(job.graph, parts, { ...options, settings })
  })
  const rows = shelf.rows.map((row) => row.map(String))
  const windows = Object.fromEntries(
    rows.filter(({ length }) => length === 4).map(([k, start, , many]) => [`${k} ${start}`, many]),
  )
  const late = rows.filter(({ length }) => length === 3).map(([n]) => Number(n))
  return { ...driven!, rows, windows, late: late.sort((a, b) => a - b) }
}

/** Three files whose times lie beside one another. */
async function writeFiles(folder: string): Promise<void> {
  await mkdir(join(folder, 'in'))
  for (const part of [0, 1, 2]) {
    const lines = Array.from({ length: 300 }, (_, n) => {
      const seconds = n * 5 - (n % 50 === 49 ? 200 : 0)
      return `${part * 1000 + n},${n % 3},${new Date(Date.UTC(2026, 2, 1) + seconds * 1000).toISOString()}`
    })
    await writeFile(join(folder, 'in', `part-${part}.csv`), `n,k,ts\n${lines.join('\n')}\n`)
  }
}
const files = (more: object = {}) => ({
  id: 'ticks',
  source: 'file',
  config: { path: 'in/*.csv', columns: { n: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' } },
  watermark: { time: 'ts' },
  ...more,
})

const behind = Array.from({ length: 10 }, (_, n) => n * 40 + 39)

describe('what a record met travels with it', () => {
  const step = (operator: string, config: object, more: object = {}) => ({
    id: 'step',
    operator,
    input: 'ticks',
    config,
    ...more,
  })
  test.each([
    ['nothing in between', 'ticks', []],
    ['FILTER', 'step', [step('FILTER', { where: 'n >= 0' })]],
    ['MAP', 'step', [step('MAP', { set: { x: 'n + 1' }, drop: ['x'], cast: { n: 'INTEGER' } })]],
    ['MAP, by a list', 'step', [step('MAP', { select: ['n', 'k', 'ts'] })]],
    ['MAP, by expressions', 'step', [step('MAP', { select: { n: 'n', k: 'k', ts: 'ts' } })]],
    [
      'FLATMAP',
      'step',
      [
        { ...step('FLATMAP', { unnest: '[n]', as: 'x' }), id: 'flat' },
        step('MAP', { select: { n: 'x', k: 'k', ts: 'ts' } }, { input: 'flat' }),
      ],
    ],
    ['DEDUPLICATE', 'step', [step('DEDUPLICATE', { key: ['n'] })]],
    [
      'JOIN',
      'step',
      [
        { ...ticks({ watermark: undefined }), id: 'other' },
        step(
          'JOIN',
          { on: 'left.n = right.n', select: ['left.n', 'left.k', 'left.ts'] },
          { input: undefined, inputs: { left: 'ticks', right: 'other' } },
        ),
      ],
    ],
    ['MAP that stays alone', 'step', [step('MAP', { set: { n: 'n' } }, { chaining: 'NEVER' })]],
    ['MAP that names it', 'step', [step('MAP', { rename: { ts: 'seen' } }, { watermark: { time: 'seen' } })]],
    [
      'FILTER that names it, before a JOIN',
      'both',
      [
        { ...ticks({ watermark: undefined }), id: 'other' },
        step('FILTER', { where: 'true' }, { watermark: { time: 'ts' } }),
        {
          id: 'both',
          operator: 'JOIN',
          inputs: { left: 'step', right: 'other' },
          config: { type: 'SEMI', on: 'left.n = right.n' },
        },
      ],
    ],
  ])('%s', async (name, input, between) => {
    const source = ticks(name.includes('names it') ? { watermark: undefined } : {})
    const { late, windows, counters } = await run(
      [source, ...between, win(input), out('win'), out('win.late', 'late')],
      {
        epochRecords: 130,
      },
    )
    expect(late).toEqual(behind)
    expect(counters.win).toMatchObject({ in: 400, absorbed: 390, filtered: 10, late: 10, failed: 0 })
    expect(Object.keys(windows)).toHaveLength(201)
  })

  test('in a UNION of two sources', async () => {
    const second = { ...ticks({ chaining: 'HEAD' }), id: 'second' }
    const all = { id: 'all', operator: 'UNION', inputs: ['ticks', 'second'], config: {} }
    const { late, counters } = await run([ticks(), second, all, win('all'), out('win'), out('win.late', 'late')], {
      epochRecords: 90,
    })
    expect(late).toEqual(behind.flatMap((n) => [n, n]))
    expect(counters.win).toMatchObject({ in: 800, late: 20 })
  })

  test('and a sink beside the window does not see it', async () => {
    const { rows } = await run([ticks(), win('ticks'), out('win'), out('ticks', 'copy')])
    expect(rows.filter(({ length }) => length === 3)).toHaveLength(400)
  })
})

test('windows of windows: the second is told as the first goes on', async () => {
  const hours = {
    id: 'hours',
    operator: 'WINDOW',
    input: 'ends',
    config: { type: 'TUMBLING', size: '10m', groupBy: ['k'], aggregates: { sum: 'sum(many)' } },
  }
  const ends = {
    id: 'ends',
    operator: 'MAP',
    input: 'win',
    config: { select: { k: 'k', many: 'many', last: 'window_end - INTERVAL 1 MILLISECOND' } },
    watermark: { time: 'last' },
  }
  const { windows, counters, results } = await run([ticks(), win('ticks'), ends, hours, out('hours')], {
    epochRecords: 60,
  })
  expect(Object.values(windows).reduce((sum, many) => sum + Number(many), 0)).toBe(390)
  expect(counters.hours).toMatchObject({ late: 0, in: 201 })
  const told = results.map((result) => result.counters.hours?.out ?? 0).filter((records) => records > 0)
  expect(told.length).toBeGreaterThan(3)
})

test('late records go to another window that waits longer', async () => {
  const again = { ...win('win.late', { allowedLateness: '1h' }), id: 'again' }
  const { counters, rows } = await run([ticks(), win('ticks'), again, out('again')], { epochRecords: 77 })
  expect(counters.again).toMatchObject({ in: 10, absorbed: 10, late: 0 })
  expect(rows.map((row) => row[3])).toEqual(Array.from({ length: 10 }, () => '1'))
})

describe('late records that nobody takes', () => {
  test('are counted, and no failure', async () => {
    const { counters, rejected } = await run([ticks(), win('ticks'), out('win')])
    expect(counters.win).toMatchObject({ in: 400, absorbed: 390, filtered: 10, late: 10, failed: 0 })
    expect(rejected).toEqual([])
  })

  test('are kept where dead letters are, and tolerances do not count them', async () => {
    const onBadRecord = { action: 'DEAD_LETTER' as const, max: 0, maxRatio: null }
    const { counters, rejected } = await run([ticks(), win('ticks'), out('win')], { settings: { onBadRecord } })
    expect(counters.win).toMatchObject({ filtered: 10, late: 10, failed: 0 })
    expect(rejected.map(({ nodeId, of, code, original }) => [nodeId, of, code, JSON.parse(original).n])).toEqual(
      behind.map((n) => ['win', 'ticks', 'record.late', n]),
    )
    expect(Object.keys(JSON.parse(rejected[0]!.original))).toEqual(['n', 'k', 'ts'])
  })
})

test('bad records beside late ones: both are told, and the others are where they belong', async () => {
  const broken = {
    id: 'broken',
    operator: 'MAP',
    input: 'ticks',
    config: { set: { ts: 'CASE WHEN n % 100 = 17 THEN NULL ELSE ts END' } },
  }
  const onBadRecord = { action: 'DEAD_LETTER' as const, max: null, maxRatio: null }
  for (const type of ['TUMBLING', 'SESSION']) {
    const kind = type === 'SESSION' ? { size: undefined, type, gap: '25s' } : {}
    const { counters, rejected, late } = await run(
      [ticks(), broken, win('broken', kind), out('win'), out('win.late', 'late')],
      { settings: { onBadRecord }, epochRecords: 150 },
    )
    expect(late).toEqual(behind)
    expect(counters.win).toMatchObject({ in: 400, absorbed: 386, filtered: 10, late: 10, failed: 4 })
    expect(rejected.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'record.bad'))
  }
})

describe('files are logical partitions', () => {
  const jobOf = (config: object = {}) => [files(), win('ticks', config), out('win'), out('win.late', 'late')]

  test('one after another they are judged in one order, wherever epochs are cut', async () => {
    const whole = await run(jobOf())
    // Of the first file those far behind; of the others all that lies before what the first had reached.
    expect(whole.counters.win?.late).toBeGreaterThan(500)
    for (const epochRecords of [1_000, 170, 64]) {
      const { windows, late } = await run(jobOf(), { epochRecords, cold: epochRecords === 170 })
      expect(late).toEqual(whole.late)
      expect(windows).toEqual(whole.windows)
    }
  })

  test.each([2, 3])('side by side none makes another late, parallelism %i', async (parallelism) => {
    const options = { epochRecords: 5_000 }
    const first = await run(jobOf(), options, { parallelism })
    const again = await run(jobOf(), { ...options, lastFirst: true, cold: true }, { parallelism })
    expect(again.windows).toEqual(first.windows)
    expect(again.late).toEqual(first.late)
    if (parallelism === 3)
      expect(first.late).toEqual([0, 1, 2].flatMap((part) => [49, 99, 149, 199, 249, 299].map((n) => part * 1000 + n)))
  })

  test('with time enough for all of them, the longest sessions are the same at any parallelism', async () => {
    const config = { type: 'SESSION', size: undefined, gap: '30s', allowedLateness: '1d' }
    const longest = ({ windows }: { windows: Record<string, string | undefined> }) =>
      ['0', '1', '2'].map((k) =>
        Math.max(...Object.entries(windows).flatMap(([key, many]) => (key.startsWith(k) ? [Number(many)] : []))),
      )
    const one = await run(jobOf(config))
    const three = await run(jobOf(config), { epochRecords: 100 }, { parallelism: 3 })
    expect([...one.late, ...three.late]).toEqual([])
    expect(longest(three)).toEqual(longest(one))
    expect(longest(one)).toEqual([300, 300, 300])
  })
})

test('nothing late: STREAMING tells what BATCH tells', async () => {
  for (const config of [{}, { type: 'HOPPING', slide: '25s' }, { type: 'SESSION', size: undefined, gap: '15s' }]) {
    const nodes = [ticks({ watermark: { time: 'ts', outOfOrderness: '4m' } }), win('ticks', config), out('win')]
    const streaming = await run(nodes, { epochRecords: 70 })
    const batch = await run(nodes, { settings: { type: 'BATCH' } }, { type: 'BATCH' })
    expect(streaming.counters.win?.late).toBe(0)
    expect(streaming.windows).toEqual(batch.windows)
  }
})

test.each(['TUMBLING', 'SESSION'])('state goes along when a job goes on with more subtasks: %s', async (type) => {
  const kind = type === 'SESSION' ? { size: undefined, type, gap: '25s' } : {}
  const nodes = [ticks(), win('ticks', { ...kind, allowedLateness: '2m' }), out('win'), out('win.late', 'late')]
  const whole = await run(nodes, { epochRecords: 90 }, { parallelism: 2 })
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts) => {
    const settings = { type: 'STREAMING' as const }
    const graphOf = async (parallelism: number) => {
      const job = await compileJob({ name: 'times', type: 'STREAMING', nodes, parallelism }, parts)
      if (!job.ok) throw new Error(JSON.stringify(job.problems))
      return job.graph
    }
    const first = await drive(await graphOf(2), parts, { settings, epochRecords: 90, epochs: 2, lineageId: 'one' })
    await drive(await graphOf(3), parts, { settings, epochRecords: 90, from: first.standing, lineageId: 'one' })
  })
  const rows = shelf.rows.map((row) => row.map(String))
  const windows = Object.fromEntries(
    rows.filter(({ length }) => length === 4).map(([k, start, , many]) => [`${k} ${start}`, many]),
  )
  expect(windows).toEqual(whole.windows)
  expect(rows.filter(({ length }) => length === 3)).toHaveLength(whole.late.length)
})

test('a silent source is given up for idle by an epoch without records', async () => {
  const shelf = new Shelf()
  await withParts([shelf.connector, ...connectors], async (parts, folder) => {
    await mkdir(join(folder, 'a'))
    await writeFile(join(folder, 'a', 'one.csv'), 'k,ts\n1,2026-03-01 00:00:00\n1,2026-03-01 01:00:00\n')
    const watched = (id: string) => ({
      id,
      source: 'file',
      config: { path: `${id}/*.csv`, watch: true, columns: { k: 'BIGINT', ts: 'TIMESTAMP' } },
      watermark: { time: 'ts', idleTimeout: '10s' },
    })
    await mkdir(join(folder, 'b'))
    await writeFile(join(folder, 'b', 'none.csv'), 'k,ts\n')
    const nodes = [
      watched('a'),
      watched('b'),
      { id: 'all', operator: 'UNION', inputs: ['a', 'b'], config: {} },
      win('all'),
      out('win'),
    ]
    const job = await compileJob({ name: 'idle', type: 'STREAMING', nodes }, parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    const [phase] = job.graph.phases
    const at = (seconds: number) => new Date(Date.UTC(2026, 5, 1) + seconds * 1000).toISOString()
    const input = {
      graph: job.graph,
      settings: { ...someSettings, type: 'STREAMING' as const },
      parameters: {},
      logicalTime: at(0),
      executionId: 'e',
      lineageId: 'l',
      phase: phase!,
    }
    const signal = new AbortController().signal
    const first = await planEpoch({ ...input, epoch: 1, at: at(0), positions: {} }, parts, signal)
    if (typeof first === 'string') throw new Error(first)
    expect(Object.keys(first.watermarks ?? {})).toEqual(['a', 'b'])
    const positions = Object.fromEntries(
      Object.entries(first.sources).map(([id, { to, budget }]) => [
        id,
        { position: to, end: false, lastRecords: 0, lastDurationMs: 1, lastBudget: budget },
      ]),
    )
    const a = { at: Date.UTC(2026, 2, 1, 1) - 1, idle: false, lastMs: Date.parse(at(0)), partitions: {} }
    const watermarks = { a, b: first.watermarks!.b! }
    const next = (seconds: number) =>
      planEpoch({ ...input, epoch: 2, at: at(seconds), positions, watermarks }, parts, signal)
    expect(await next(9)).toBe('idle')
    expect(nextIdleMs(job.graph, watermarks, Date.parse(at(4)))).toBe(Date.parse(at(10)))
    expect(await next(10)).toMatchObject({ watermarks, sources: { a: { splits: [[]] }, b: { splits: [[]] } } })
  })
})

describe('event time ends', () => {
  test('at another window', async () => {
    await withParts([new Shelf().connector], async (parts) => {
      const nodes = [ticks(), { ...win('ticks'), id: 'first' }, win('first'), out('win')]
      const job = await compileJob({ name: 'times', type: 'STREAMING', nodes }, parts)
      expect(job).toMatchObject({ ok: false, problems: [{ nodeId: 'win', code: 'spec.invalid' }] })
    })
  })

  test('a column cannot be called like what records met', async () => {
    await withParts([new Shelf().connector], async (parts) => {
      const nodes = [
        ticks(),
        { id: 'map', operator: 'MAP', input: 'ticks', config: { rename: { n: 'watermark met' } } },
        out('map'),
      ]
      for (const type of ['BATCH', 'STREAMING']) {
        const job = await compileJob({ name: 'times', type, nodes: [...nodes, win('ticks'), out('win', 'too')] }, parts)
        expect(job).toMatchObject({ ok: false, problems: [{ nodeId: 'map', code: 'schema.mismatch' }] })
      }
    })
  })
})

test('event time ends where a record leaves after it has come: at a DEDUPLICATE that does not keep the first', async () => {
  await withParts([new Shelf().connector], async (parts) => {
    const problemsOf = async (config: object) => {
      const once = { id: 'once', operator: 'DEDUPLICATE', input: 'ticks', config: { key: ['n'], ...config } }
      const job = await compileJob(
        { name: 'times', type: 'STREAMING', nodes: [ticks(), once, win('once'), out('win')] },
        parts,
      )
      return job.ok ? [] : job.problems
    }
    expect(await problemsOf({})).toEqual([])
    for (const later of [{ keep: 'LAST' }, { orderBy: [{ column: 'k' }] }])
      expect(await problemsOf(later)).toMatchObject([
        { nodeId: 'win', hint: expect.stringContaining('MAP right before') },
      ])
  })
})

test.each(['key0', 'key1', 'key2', 'place', 'newest', 'record0', 'record1'])(
  'a column of the input may be called as one of the state is: %s',
  async (name) => {
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts) => {
      const named = { id: 'named', operator: 'MAP', input: 'ticks', config: { rename: { n: name } } }
      const aggregates = { middle: `median(${name})`, all: `list(${name} ORDER BY ${name})`, most: `max(${name})` }
      const job = await compileJob(
        { name: 'times', type: 'STREAMING', nodes: [ticks(), named, win('named', { aggregates }), out('win')] },
        parts,
      )
      if (!job.ok) throw new Error(JSON.stringify(job.problems))
      await drive(job.graph, parts, { settings: { type: 'STREAMING' } })
    })
    const first = shelf.rows
      .map((row) => row.map(String))
      .find(([k, start]) => k === '0' && start?.includes('00:00:00'))
    expect(first?.slice(3)).toEqual(['1.5', '0,3', '3'])
  },
)
