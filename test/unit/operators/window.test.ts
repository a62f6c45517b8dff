import { describe, expect, test } from '@jest/globals'
import type { Operator } from '../../../operators/operator.js'
import { window } from '../../../operators/window.js'
import { runOperator } from '../../support/run-operator.js'
import { makeSales, overAnyCuts, rounded, useLab } from './lab.js'

const lab = useLab()
const operator = window as unknown as Operator
const RECORDS = 300

type Given = readonly (readonly [at: string, key: string])[]

/** Records at these times of 2026-03-01, or at full timestamps, in this order. */
async function record(table: string, given: Given): Promise<void> {
  const values = given.map(([at, key]) => `(TIMESTAMP '${at.includes('-') ? at : `2026-03-01 ${at}`}', '${key}')`)
  await lab.session.run(`CREATE OR REPLACE TABLE ${table} AS FROM (VALUES ${values.join(', ')}) t(ts, key)`)
}

async function windowsOf(config: object, given: Given): Promise<string[]> {
  await record('given', given)
  const run = await runOperator(lab.session, {
    operator,
    config: { aggregates: { n: 'count(*)' }, ...config },
    inputs: { input: 'given' },
    time: 'ts',
  })
  return run.rows.map((row) => row.map(shown).join(' '))
}

/** `2026-03-01 10:00:00` as `10:00:00`. */
const shown = (value: unknown) => String(value).replace(/^2026-03-01 (?=.)/, '')

describe('TUMBLING: every record is in the one window that holds its time', () => {
  test('the begin belongs to a window, the end to the next', async () => {
    const given: Given = [
      ['10:00:00', 'a'],
      ['10:59:59.999999', 'a'],
      ['11:00:00', 'a'],
    ]
    expect(await windowsOf({ type: 'TUMBLING', size: '1h' }, given)).toEqual([
      '10:00:00 11:00:00 2',
      '11:00:00 12:00:00 1',
    ])
  })

  test.each([
    ['15m', ['09:15:00 10:15:00 2', '10:15:00 11:15:00 1']],
    ['-15m', ['09:45:00 10:45:00 3']],
    ['-45m', ['09:15:00 10:15:00 2', '10:15:00 11:15:00 1']],
  ])('an offset of %s moves all windows', async (offset, expected) => {
    const given: Given = [
      ['10:14:59', 'a'],
      ['10:15:00', 'a'],
      ['10:00:00', 'a'],
    ]
    expect(await windowsOf({ type: 'TUMBLING', size: '1h', offset }, given)).toEqual(expected)
  })

  test('days of China begin at 16:00 UTC: size 1d, offset -8h', async () => {
    const given: Given = [
      ['2026-02-28 15:59:59', 'a'],
      ['2026-02-28 16:00:00', 'a'],
      ['2026-03-01 15:59:59', 'a'],
    ]
    expect(await windowsOf({ type: 'TUMBLING', size: '1d', offset: '-8h' }, given)).toEqual([
      '2026-02-27 16:00:00 2026-02-28 16:00:00 1',
      '2026-02-28 16:00:00 16:00:00 2',
    ])
  })

  test('before 1970 windows still end after the times that they hold', async () => {
    const given: Given = [
      ['1969-12-31 23:59:59.999999', 'a'],
      ['1970-01-01 00:00:00', 'a'],
      ['1969-12-31 23:00:00', 'a'],
      ['1583-01-01 00:30:00', 'a'],
    ]
    expect(await windowsOf({ type: 'TUMBLING', size: '1h' }, given)).toEqual([
      '1583-01-01 00:00:00 1583-01-01 01:00:00 1',
      '1969-12-31 23:00:00 1970-01-01 00:00:00 2',
      '1970-01-01 00:00:00 1970-01-01 01:00:00 1',
    ])
  })

  test('a size that divides no day counts from 1970', async () => {
    // 2026-03-01 00:00 is 20513 days after 1970: 20513 % 7 = 3, so its week began on Thursday, three days before.
    expect(await windowsOf({ type: 'TUMBLING', size: '7d' }, [['00:00:00', 'a']])).toEqual([
      '2026-02-26 00:00:00 2026-03-05 00:00:00 1',
    ])
  })

  test('each key has windows of its own, by their end, then as the keys first came', async () => {
    const given: Given = [
      ['11:30:00', 'z'],
      ['10:30:00', 'b'],
      ['11:10:00', 'a'],
      ['10:10:00', 'a'],
      ['10:20:00', 'b'],
    ]
    expect(await windowsOf({ type: 'TUMBLING', size: '1h', groupBy: ['key'] }, given)).toEqual([
      'b 10:00:00 11:00:00 2',
      'a 10:00:00 11:00:00 1',
      'z 11:00:00 12:00:00 1',
      'a 11:00:00 12:00:00 1',
    ])
  })
})

describe('HOPPING: a record is in every window that holds its time', () => {
  test('size 1h every 20m: three windows', async () => {
    expect(await windowsOf({ type: 'HOPPING', size: '1h', slide: '20m' }, [['10:05:00', 'a']])).toEqual([
      '09:20:00 10:20:00 1',
      '09:40:00 10:40:00 1',
      '10:00:00 11:00:00 1',
    ])
  })

  test('a slide that does not divide the size: two windows or three', async () => {
    // Begins every 25 minutes counted from 1970: 20513 days of 1440 minutes leave 20 over 25, so 00:05 begins one.
    const config = { type: 'HOPPING', size: '1h', slide: '25m' }
    expect(await windowsOf(config, [['01:20:00', 'a']])).toEqual([
      '00:30:00 01:30:00 1',
      '00:55:00 01:55:00 1',
      '01:20:00 02:20:00 1',
    ])
    expect(await windowsOf(config, [['01:30:00', 'a']])).toEqual(['00:55:00 01:55:00 1', '01:20:00 02:20:00 1'])
  })

  test.each([
    ['5m', ['09:45:00 10:15:00 1', '10:05:00 10:35:00 1']],
    ['-5m', ['09:55:00 10:25:00 1']],
  ])('an offset of %s moves the begins', async (offset, expected) => {
    const config = { type: 'HOPPING', size: '30m', slide: '20m', offset }
    expect(await windowsOf(config, [['10:10:00', 'a']])).toEqual(expected)
  })

  test('before 1970', async () => {
    const config = { type: 'HOPPING', size: '1h', slide: '30m' }
    expect(await windowsOf(config, [['1969-12-31 23:45:00', 'a']])).toEqual([
      '1969-12-31 23:00:00 1970-01-01 00:00:00 1',
      '1969-12-31 23:30:00 1970-01-01 00:30:00 1',
    ])
  })

  test('a slide longer than the size leaves records out, and they count as filtered', async () => {
    const given: Given = [
      ['10:09:59', 'a'],
      ['10:10:00', 'a'],
      ['10:59:59', 'a'],
      ['11:00:00', 'a'],
    ]
    const config = { type: 'HOPPING', size: '10m', slide: '1h' }
    expect(await windowsOf(config, given)).toEqual(['10:00:00 10:10:00 1', '11:00:00 11:10:00 1'])
    for (const n of ['count(*)', 'median(1)']) {
      const setting = { operator, config: { ...config, aggregates: { n } }, inputs: { input: 'given' }, time: 'ts' }
      const { counters, rows } = await runOperator(lab.session, setting)
      expect(rows).toHaveLength(2)
      expect(counters).toEqual({ in: 4, out: 2, passed: 0, filtered: 2, absorbed: 2 })
    }
  })
})

describe('SESSION: records that follow one another closely are in one window', () => {
  test('a gap of exactly the given length still joins, one microsecond more does not', async () => {
    const given: Given = [
      ['10:00:00', 'a'],
      ['10:10:00', 'a'],
      ['10:20:00.000001', 'a'],
    ]
    expect(await windowsOf({ type: 'SESSION', gap: '10m' }, given)).toEqual([
      '10:00:00 10:20:00 2',
      '10:20:00.000001 10:30:00.000001 1',
    ])
  })

  test('one record alone: as long as the gap', async () => {
    expect(await windowsOf({ type: 'SESSION', gap: '10m' }, [['10:00:00', 'a']])).toEqual(['10:00:00 10:10:00 1'])
  })

  test('a record that comes last joins the sessions on both sides of it', async () => {
    const given: Given = [
      ['10:00:00', 'a'],
      ['10:15:00', 'a'],
      ['10:08:00', 'a'],
    ]
    expect(await windowsOf({ type: 'SESSION', gap: '10m' }, given)).toEqual(['10:00:00 10:25:00 3'])
  })

  test('keys do not keep one another awake, and times before 1970 are like others', async () => {
    const given: Given = [
      ['1969-12-31 23:55:00', 'a'],
      ['1970-01-01 00:02:00', 'b'],
      ['1970-01-01 00:05:00', 'a'],
      ['1970-01-01 00:20:00', 'b'],
    ]
    expect(await windowsOf({ type: 'SESSION', gap: '10m', groupBy: ['key'] }, given)).toEqual([
      'b 1970-01-01 00:02:00 1970-01-01 00:12:00 1',
      'a 1969-12-31 23:55:00 1970-01-01 00:15:00 2',
      'b 1970-01-01 00:20:00 1970-01-01 00:30:00 1',
    ])
  })
})

const PARTIAL = {
  records: 'count(*)',
  total: 'sum(amount)',
  mean: 'avg(grade)',
  most: 'max(city)',
  paid: 'count(*) FILTER (WHERE paid)',
  rate: 'sum(amount) / (epoch(window_end) - epoch(window_start))',
}
const WHOLE = {
  middle: 'median(amount)',
  grades: 'count(DISTINCT grade)',
  first: 'first(id)',
  text: "string_agg(id::VARCHAR, ',')",
  since: 'max(ts - window_start)',
}
const WHOLE_IN_ORDER = {
  ...WHOLE,
  first: 'first(id ORDER BY place)',
  text: "string_agg(id::VARCHAR, ',' ORDER BY place)",
}

/** What plain SQL says of windows: every window that there may be, joined with the records in it. */
const everyWindow = (every: string, offset: string, size: string) =>
  `SELECT s.*, w.s AS window_start, w.s + INTERVAL '${size}' AS window_end FROM timed s
   JOIN (SELECT TIMESTAMP '2025-12-30' + INTERVAL '${offset}' + i * INTERVAL '${every}' AS s FROM range(3000) t(i)) w
     ON s.ts >= w.s AND s.ts < w.s + INTERVAL '${size}'`
const gapSessions = (key: string, gap: string) =>
  `SELECT * EXCLUDE (n), min(ts) OVER w AS window_start, max(ts) OVER w + INTERVAL '${gap}' AS window_end FROM (
     SELECT *, sum(CASE WHEN ts - before <= INTERVAL '${gap}' THEN 0 ELSE 1 END) OVER (PARTITION BY ${key} ORDER BY ts, place) AS n FROM (
       SELECT *, lag(ts) OVER (PARTITION BY ${key} ORDER BY ts, place) AS before FROM timed))
   WINDOW w AS (PARTITION BY ${key}, n)`

describe('WINDOW gives what plain SQL gives over the whole, however the input is cut', () => {
  test.each([
    [
      'TUMBLING, partial results',
      { type: 'TUMBLING', size: '1d' },
      ['city'],
      PARTIAL,
      PARTIAL,
      everyWindow('1 day', '0 days', '1 day'),
    ],
    [
      'TUMBLING, whole records',
      { type: 'TUMBLING', size: '12h', offset: '-1h' },
      ['city', 'grade'],
      WHOLE,
      WHOLE_IN_ORDER,
      everyWindow('12 hours', '-1 hours', '12 hours'),
    ],
    [
      'TUMBLING without a key',
      { type: 'TUMBLING', size: '3h' },
      [],
      PARTIAL,
      PARTIAL,
      everyWindow('3 hours', '0 days', '3 hours'),
    ],
    [
      'TUMBLING, an argument over the window',
      { type: 'TUMBLING', size: '6h' },
      ['grade'],
      { x: 'max(ts - window_start)' },
      { x: 'max(ts - window_start)' },
      everyWindow('6 hours', '0 days', '6 hours'),
    ],
    [
      'HOPPING, partial results',
      { type: 'HOPPING', size: '36h', slide: '8h' },
      ['grade'],
      PARTIAL,
      PARTIAL,
      everyWindow('8 hours', '0 days', '36 hours'),
    ],
    [
      'HOPPING, whole records',
      { type: 'HOPPING', size: '1d', slide: '6h' },
      ['grade'],
      WHOLE,
      WHOLE_IN_ORDER,
      everyWindow('6 hours', '0 days', '1 day'),
    ],
    [
      'HOPPING with gaps, partial results',
      { type: 'HOPPING', size: '1h', slide: '3h' },
      ['grade'],
      PARTIAL,
      PARTIAL,
      everyWindow('3 hours', '0 days', '1 hour'),
    ],
    [
      'HOPPING with gaps, whole records',
      { type: 'HOPPING', size: '1h', slide: '3h' },
      ['grade'],
      WHOLE,
      WHOLE_IN_ORDER,
      everyWindow('3 hours', '0 days', '1 hour'),
    ],
    [
      'SESSION, partial results',
      { type: 'SESSION', gap: '5h' },
      ['city'],
      PARTIAL,
      PARTIAL,
      gapSessions('city', '5 hours'),
    ],
    [
      'SESSION, whole records',
      { type: 'SESSION', gap: '5h' },
      ['city'],
      WHOLE,
      WHOLE_IN_ORDER,
      gapSessions('city', '5 hours'),
    ],
    [
      'SESSION, an argument over the window',
      { type: 'SESSION', gap: '5h' },
      ['grade'],
      { x: 'max(ts - window_start)' },
      { x: 'max(ts - window_start)' },
      gapSessions('grade', '5 hours'),
    ],
    ['SESSION without a key', { type: 'SESSION', gap: '2h' }, [], PARTIAL, PARTIAL, gapSessions('true', '2 hours')],
  ] as const)('%s', async (_, kind, groupBy, aggregates, oracle, windows) => {
    await makeSales(lab.session, 'sales', RECORDS)
    await lab.session.run(`CREATE OR REPLACE TABLE timed AS
      SELECT *, TIMESTAMP '2026-01-01' + INTERVAL 1 HOUR * (hash(id * 8) % 480)::INTEGER AS ts, rowid AS place FROM sales`)
    const keys = [...groupBy, 'window_start', 'window_end']
    const items = [...keys, ...Object.entries(oracle).map(([name, expression]) => `${expression} AS ${name}`)]
    const expected = await lab.session.rows(
      `SELECT ${items.join(', ')} FROM (${windows}) GROUP BY ${keys.join(', ')} ORDER BY window_end, min(place)`,
    )
    const held = await lab.session.count(`SELECT count(DISTINCT id) FROM (${windows})`)
    expect(expected.length).toBeGreaterThan(10)
    await overAnyCuts(
      lab.session,
      operator,
      { ...kind, groupBy, aggregates },
      { input: 'timed' },
      RECORDS,
      (run) => {
        expect(rounded(run.rows)).toEqual(rounded(expected))
        expect(run.counters).toEqual({
          in: RECORDS,
          out: expected.length,
          passed: 0,
          filtered: RECORDS - held,
          absorbed: held,
        })
      },
      'ts',
    )
  })
})

test('many sessions are merged on the way, also those that grow together only then', async () => {
  // Minutes of each key come in three turns: multiples of 3 first, so every session is in pieces until the last turn.
  await lab.session.run(`CREATE OR REPLACE TABLE pieces AS
    SELECT n % 20000 AS k, TIMESTAMP '2026-01-01' + INTERVAL 1 MINUTE * (n // 20000 * 3 % 10 + CASE WHEN n // 20000 > 6 THEN 20 ELSE 0 END)::INTEGER AS ts
    FROM range(200000) t(n)`)
  const expected = await lab.session.rows(`SELECT k, min(ts), max(ts) + INTERVAL 1 MINUTE, count(*) FROM (
    SELECT *, sum(CASE WHEN ts - before <= INTERVAL 1 MINUTE THEN 0 ELSE 1 END) OVER (PARTITION BY k ORDER BY ts) AS n FROM (
      SELECT *, lag(ts) OVER (PARTITION BY k ORDER BY ts) AS before FROM pieces)) GROUP BY k, n ORDER BY ALL`)
  const config = { type: 'SESSION', gap: '1m', groupBy: ['k'], aggregates: { n: 'count(*)' } }
  const cuts = [60_000, 120_000, 180_000]
  const run = await runOperator(lab.session, { operator, config, inputs: { input: 'pieces' }, time: 'ts', cuts })
  const key = (row: readonly unknown[]) => row.map(String).join(' ')
  expect(run.rows.map(key).sort()).toEqual(expected.map(key).sort())
})

test.each(['DATE', 'TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'TIMESTAMPTZ'])(
  'event time of type %s',
  async (type) => {
    await lab.session.run(`CREATE OR REPLACE TABLE given AS SELECT CAST(TIMESTAMP '1969-12-31' AS ${type}) AS ts`)
    const config = { type: 'TUMBLING', size: '2d', aggregates: { n: 'count(*)' } }
    const run = await runOperator(lab.session, { operator, config, inputs: { input: 'given' }, time: 'ts' })
    expect(run.rows.map((row) => row.map(String))).toEqual([['1969-12-30 00:00:00', '1970-01-01 00:00:00', '1']])
    expect(run.schema.slice(0, 2).map((column) => column.type)).toEqual(['TIMESTAMP', 'TIMESTAMP'])
  },
)

test('nanoseconds before 1970 belong to the window before', async () => {
  await lab.session.run("CREATE OR REPLACE TABLE given AS SELECT TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS ts")
  const config = { type: 'TUMBLING', size: '1h', aggregates: { n: 'count(*)' } }
  const run = await runOperator(lab.session, { operator, config, inputs: { input: 'given' }, time: 'ts' })
  expect(run.rows.map((row) => row.map(String))).toEqual([['1969-12-31 23:00:00', '1970-01-01 00:00:00', '1']])
})

test('columns of the input may be called as those that the window makes on its way', async () => {
  await lab.session.run(`CREATE OR REPLACE TABLE given AS SELECT TIMESTAMP '2026-03-01' AS window_start, 1 AS window_end,
    2 AS "event time", 3 AS "window begins", 4 AS "window opens", 5 AS "window number", 6 AS "event place"`)
  const aggregates = { n: 'sum("event time" + "window begins" + "window opens" + "window number" + "event place")' }
  const whole = { n: 'median("event time" + "window begins" + "window opens" + "window number" + "event place")' }
  for (const kind of [
    { type: 'TUMBLING', size: '1h' },
    { type: 'SESSION', gap: '1h' },
  ])
    for (const config of [
      { ...kind, aggregates },
      { ...kind, aggregates: whole, groupBy: ['window opens'] },
    ]) {
      const run = await runOperator(lab.session, { operator, config, inputs: { input: 'given' }, time: 'window_start' })
      expect(run.rows.map((row) => String(row.at(-1)))).toEqual(['20'])
    }
})

test('no records: no windows', async () => {
  await makeSales(lab.session, 'empty', 0)
  for (const kind of [
    { type: 'TUMBLING', size: '1h' },
    { type: 'SESSION', gap: '1h' },
  ]) {
    const config = { ...kind, aggregates: { n: 'count(*)' } }
    const run = await runOperator(lab.session, { operator, config, inputs: { input: 'empty' }, time: 'day' })
    expect(run.rows).toEqual([])
  }
})

describe('a record without event time is a bad record', () => {
  test.each(['NULL', "'infinity'", "'-infinity'"])('%s', async (at) => {
    await lab.session.run(`CREATE OR REPLACE TABLE given AS SELECT ${at}::TIMESTAMP AS ts, 1 AS x`)
    for (const n of ['count(*)', 'median(x)'])
      for (const kind of [
        { type: 'TUMBLING', size: '1h' },
        { type: 'HOPPING', size: '1h', slide: '2h' },
        { type: 'SESSION', gap: '1h' },
      ]) {
        const config = { ...kind, aggregates: { n } }
        const run = runOperator(lab.session, { operator, config, inputs: { input: 'given' }, time: 'ts' })
        await expect(run).rejects.toMatchObject({
          code: 'record.bad',
          message: 'The event time `ts` is missing, or out of range.',
        })
      }
  })
})

test.each([
  [{ type: 'TUMBLING', size: '0s' }, 'config.invalid', '`size` must be longer than nothing.'],
  [
    { type: 'TUMBLING', size: '-1h' },
    'config.invalid',
    "Expected a duration such as 500ms, 30s, 10m, 2h or 1d, found '-1h'.",
  ],
  [
    { type: 'TUMBLING', size: '100000000d' },
    'config.invalid',
    "Expected 36500d (100 years) at most, found '100000000d'.",
  ],
  [{ type: 'TUMBLING', size: '1h', offset: '1h' }, 'config.invalid', '`offset` must be shorter than `size`.'],
  [
    { type: 'HOPPING', size: '1h', slide: '10m', offset: '-10m' },
    'config.invalid',
    '`offset` must be shorter than `slide`.',
  ],
  [
    { type: 'HOPPING', size: '1d', slide: '1ms' },
    'config.invalid',
    'Each record would be in 86400000 windows, and 10000 are the most.',
  ],
  [{ type: 'SESSION', size: '1h' }, 'config.invalid', expect.stringMatching(/required|no setting `size`/)],
  [{ type: 'SLIDING', size: '1h' }, 'config.invalid', "Expected one of TUMBLING, HOPPING, SESSION, found 'SLIDING'."],
  [{ type: 'SESSION', gap: '1h', groupBy: ['citty'] }, 'sql.invalid', 'There is no column `citty` here.'],
  [
    { type: 'SESSION', gap: '1h', groupBy: ['window_start'] },
    'sql.invalid',
    'Every window has its own `window_start`.',
  ],
  [
    { type: 'SESSION', gap: '1h', aggregates: { window_end: 'count(*)' } },
    'sql.invalid',
    'The window adds `window_end` itself.',
  ],
  [
    { type: 'SESSION', gap: '1h', aggregates: { n: 'sum(amuont)' } },
    'sql.invalid',
    expect.stringContaining('"amuont" not found'),
  ],
])('%j is refused in words', async (config, code, message) => {
  await makeSales(lab.session, 'sales', 3)
  const given = { aggregates: { n: 'count(*)' }, ...config }
  const run = runOperator(lab.session, { operator, config: given, inputs: { input: 'sales' }, time: 'day' })
  await expect(run).rejects.toMatchObject({ code, message })
})

test('an expression that may mean either `window_start` is refused', async () => {
  await lab.session.run("CREATE OR REPLACE TABLE given AS SELECT TIMESTAMP '2026-03-01' AS ts, 1 AS window_start")
  const config = { type: 'TUMBLING', size: '1h', aggregates: { n: 'max(window_start)' } }
  const run = runOperator(lab.session, { operator, config, inputs: { input: 'given' }, time: 'ts' })
  await expect(run).rejects.toMatchObject({
    code: 'sql.invalid',
    message: 'The input and the window both have a column `window_start`.',
  })
})

test('without event time it is refused, and the hint names a column that may be it', async () => {
  await makeSales(lab.session, 'sales', 3)
  const config = { type: 'TUMBLING', size: '1h', aggregates: { n: 'count(*)' } }
  const run = runOperator(lab.session, { operator, config, inputs: { input: 'sales' } })
  await expect(run).rejects.toMatchObject({
    code: 'spec.invalid',
    message: 'WINDOW needs event time, and none reaches it.',
    hint: expect.stringContaining('`watermark: { time: day }`'),
  })
})
