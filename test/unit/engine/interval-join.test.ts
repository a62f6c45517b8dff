/** JOIN `within` of two streams: the same as plain SQL over all their records, however they are cut and mixed. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSession } from '../../../duckdb/open-session.js'
import { compileJob } from '../../../engine/compile-job.js'
import { type DriveOptions, drive, driveInTurn, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const LEFT = { count: 170, prefix: 'l', keys: 5, step: 3, spread: 40 }
const RIGHT = { count: 120, prefix: 'r', keys: 6, step: 5, spread: 60 }
type Stream = typeof LEFT

/** A record every `step` seconds, give or take `spread`; some without a time, some without a key. */
const selectOf = ({ prefix, keys, step, spread }: Stream) =>
  `n AS ${prefix}n, CASE WHEN n % 23 = 7 THEN NULL ELSE CAST(hash(n * 31 + ${keys}) % ${keys} AS INTEGER) END AS ${prefix}k,
   CASE WHEN n % 41 = 11 THEN NULL ELSE TIMESTAMP '1970-01-01 00:01:00' + INTERVAL 1 MILLISECOND * CAST(n * ${step * 1000} + hash(n * 17 + ${step}) % ${spread * 1000} AS INTEGER) END AS ${prefix}t`

const sized = (stream: Stream, { times = 1 }: Pick<Wanted, 'times'>) => ({
  ...stream,
  count: stream.count * times,
  keys: stream.keys * times ** 2,
})

const sourceOf = (stream: Stream, bound: number | undefined = stream.spread) => ({
  id: stream.prefix,
  source: 'shelf',
  config: {
    count: stream.count,
    batch: 17,
    select: selectOf(stream),
    types: { [`${stream.prefix}n`]: 'BIGINT', [`${stream.prefix}k`]: 'INTEGER', [`${stream.prefix}t`]: 'TIMESTAMP' },
  },
  watermark: { time: `${stream.prefix}t`, outOfOrderness: `${bound}s` },
})

const ON = 'left.lk = right.rk'

interface Wanted {
  readonly kind: string
  readonly strategy?: 'BROADCAST' | 'HASH'
  readonly isTable?: boolean
  /** Seconds by which records are out of order; else that of each stream. */
  readonly spread?: number
  readonly type?: 'BATCH' | 'STREAMING'
  readonly on?: string
  readonly within?: string
  readonly parallelism?: number
  readonly bound?: number
  /** How many times as many records, of so many more keys that few have a partner. */
  readonly times?: number
}

const jobOf = (wanted: Wanted) => {
  const {
    kind,
    type = 'STREAMING',
    on = ON,
    within = '10s',
    parallelism = 1,
    bound,
    strategy,
    isTable = false,
  } = wanted
  const of = (stream: Stream) => sourceOf(sized({ ...stream, spread: wanted.spread ?? stream.spread }, wanted), bound)
  const config = { type: kind, on, ...(isTable ? {} : { within }), ...(strategy && { strategy }) }
  const pairs = { id: 'pairs', operator: 'JOIN', inputs: { left: 'l', right: 'r' }, config, parallelism }
  const nodes = [of(LEFT), of(RIGHT), pairs, { id: 'out', sink: 'shelf', input: 'pairs', config: {} }]
  return { name: 'pairs', type, nodes }
}

async function run(wanted: Wanted, options: DriveOptions = {}) {
  const shelf = new Shelf()
  let driven: Awaited<ReturnType<typeof drive>> | undefined
  await withParts([shelf.connector], async (parts) => {
    const job = await compileJob(jobOf(wanted), parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    driven = await drive(job.graph, parts, {
      ...options,
      settings: { type: wanted.type ?? 'STREAMING', ...options.settings },
    })
  })
  return { ...driven!, rows: texts(shelf.rows) }
}

const texts = (rows: readonly (readonly unknown[])[]) => rows.map((row) => row.map(String).join(' ')).sort()

async function plainSql(
  kind: string,
  on: string,
  seconds: number | null,
  { spread, times = 1 }: Pick<Wanted, 'spread' | 'times'> = {},
): Promise<string[]> {
  let rows: string[] = []
  await withParts([], async (_, folder) => {
    const session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
    const from = (stream: Stream) =>
      `(SELECT ${selectOf(sized({ ...stream, spread: spread ?? stream.spread }, { times }))} FROM range(${stream.count * times}) t(n))`
    const near = seconds === null ? 'true' : `abs(epoch_ms("left".lt) - epoch_ms("right".rt)) <= ${seconds * 1000}`
    const sql = `SELECT * FROM ${from(LEFT)} AS "left" ${kind} JOIN ${from(RIGHT)} AS "right" ON ${on.replaceAll('left.', '"left".').replaceAll('right.', '"right".')} AND ${near}`
    rows = texts(await session.rows(sql))
    session.close()
  })
  return rows
}

/** Of each kind of join in `npm test`; `ETL_INTERVAL_JOIN_RUNS=20` for many more. */
const numRuns = Number(process.env.ETL_INTERVAL_JOIN_RUNS ?? 1)

const anySizes = fc.record({
  sizes: fc.array(fc.integer({ min: 20, max: 120 }), { minLength: 1, maxLength: 6 }),
  cold: fc.boolean(),
  parallelism: fc.constantFrom(1, 1, 3),
})

function cutting(sizes: readonly number[]): () => number {
  let at = 0
  return () => sizes[at++ % sizes.length]!
}

describe.each(['INNER', 'LEFT', 'RIGHT', 'FULL', 'SEMI', 'ANTI'])('%s', (kind) => {
  test('gives what SQL gives, in STREAMING wherever epochs are cut, and in BATCH', async () => {
    const expected = await plainSql(kind, ON, 10)
    expect(expected.length).toBeGreaterThan(10)
    expect((await run({ kind, type: 'BATCH' })).rows).toEqual(expected)
    expect((await run({ kind })).rows).toEqual(expected)
    await fc.assert(
      fc.asyncProperty(anySizes, async ({ sizes, cold, parallelism }) => {
        const { rows, counters } = await run({ kind, parallelism }, { epochRecords: cutting(sizes), cold })
        expect(rows).toEqual(expected)
        expect(counters.pairs).toMatchObject({
          in: LEFT.count + RIGHT.count,
          late: 0,
          filtered: 0,
          out: expected.length,
        })
      }),
      { numRuns },
    )
  }, 120_000)

  test('of streams that are all but in order, with records kept no longer than they must be', async () => {
    const expected = await plainSql(kind, ON, 10, { spread: 2 })
    for (const sizes of [[17], [29, 61]])
      expect((await run({ kind, spread: 2 }, { epochRecords: cutting(sizes) })).rows).toEqual(expected)
  }, 120_000)

  test('on more than equalities, where all records meet in one subtask', async () => {
    const on = 'left.lk < right.rk'
    const expected = await plainSql(kind, on, 4)
    expect((await run({ kind, on, within: '4s' }, { epochRecords: 37, cold: true })).rows).toEqual(expected)
  }, 120_000)
})

describe('what is kept goes on in more subtasks, and in fewer', () => {
  test.each(['INNER', 'FULL', 'SEMI', 'ANTI'])(
    '%s',
    async (kind) => {
      expect(await rescaled({ kind }, [1, 3, 2], { epochRecords: 23, epochs: 4 })).toEqual(await plainSql(kind, ON, 10))
    },
    120_000,
  )

  test.each(['FULL'])(
    '%s, from files alone',
    async (kind) => {
      const told = await rescaled({ kind }, [3, 1, 4], { epochRecords: 31, epochs: 3, cold: true })
      expect(told).toEqual(await plainSql(kind, ON, 10))
    },
    120_000,
  )

  test('from a base and what has come and gone since', async () => {
    const times = 24
    const wanted = { kind: 'ANTI', within: '6000s', times }
    const told = await rescaled(wanted, [1, 3], { epochRecords: 200, epochs: 13 })
    expect(told).toEqual(await plainSql('ANTI', ON, 6000, { times }))
  }, 120_000)
})

async function rescaled(wanted: Wanted, parallelisms: readonly number[], options: DriveOptions): Promise<string[]> {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts) => {
    const graphOf = async (parallelism: number) => {
      const job = await compileJob(jobOf({ ...wanted, parallelism }), parts)
      if (!job.ok) throw new Error(JSON.stringify(job.problems))
      return job.graph
    }
    await driveInTurn(parallelisms, graphOf, parts, { ...options, settings: { type: 'STREAMING' } })
  })
  return texts(shelf.rows)
}

describe.each(['INNER', 'LEFT', 'SEMI', 'ANTI'])('%s of a stream and a table, in STREAMING', (kind) => {
  test.each([
    ['BROADCAST', 1],
    ['BROADCAST', 3],
    ['HASH', 1],
    ['HASH', 3],
  ] as const)('gives what SQL gives by %s, parallelism %i', async (strategy, parallelism) => {
    const wanted = { kind, strategy, parallelism, isTable: true }
    const { rows } = await run(wanted, { epochRecords: 61, cold: parallelism === 3 })
    expect(rows).toEqual(await plainSql(kind, ON, null))
  })
})

describe('what is kept', () => {
  test('goes when the watermark has passed', async () => {
    const { results } = await run({ kind: 'FULL' }, { epochRecords: 20 })
    const kept = results.flatMap(({ states }) =>
      states.filter(({ nodeId, name }) => nodeId === 'pairs' && name !== 'clock'),
    )
    const most = Math.max(...kept.map(({ records }) => records))
    expect(most).toBeGreaterThan(5)
    expect(most).toBeLessThan(LEFT.count / 2)
    expect(kept.slice(-2).map(({ records }) => records)).toEqual([0, 0])
  }, 120_000)

  test('a record older than the watermark is late: dropped, counted, and a dead letter if these are kept', async () => {
    const onBadRecord = { action: 'DEAD_LETTER', max: null, maxRatio: null } as const
    const { counters, rows, rejected } = await run(
      { kind: 'INNER', bound: 5 },
      { epochRecords: 20, settings: { onBadRecord } },
    )
    const { in: arrived, late, filtered, absorbed } = counters.pairs!
    expect(late).toBeGreaterThan(5)
    expect([filtered, absorbed]).toEqual([late, arrived - late])
    const expected = new Set(await plainSql('INNER', ON, 10))
    expect(rows.every((row) => expected.has(row))).toBe(true)
    expect(rows.length).toBeLessThan(expected.size)
    expect(rejected.filter(({ code }) => code === 'record.late')).toHaveLength(late)
    expect(JSON.parse(rejected[0]!.original)).toMatchObject({ side: expect.stringMatching(/left|right/) })
  }, 120_000)
})
