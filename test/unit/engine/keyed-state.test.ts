/** STREAMING with state by key: what a reader has in the end that puts each record in the place of the one with its key. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSession } from '../../../duckdb/open-session.js'
import { compileJob } from '../../../engine/compile-job.js'
import type { EngineParts } from '../../../engine/engine.js'
import { type DriveOptions, drive, driveInTurn, type Standing, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const types = { n: 'BIGINT', k: 'BIGINT', s: 'VARCHAR' }
const select = (keys: number) =>
  `n, CASE WHEN hash(n) % 13 = 0 THEN NULL ELSE CAST(hash(n, 1) % ${keys} AS BIGINT) END AS k, 's' || hash(n, 2) % 90 AS s`

interface Operator {
  readonly operator: string
  readonly config: object
  /** What one query over all records gives. */
  readonly query: string
  /** How many columns of the output are the key. */
  readonly keys: number
}

const operators: Readonly<Record<string, Operator>> = {
  partials: {
    operator: 'AGGREGATE',
    config: { groupBy: ['k'], aggregates: { c: 'count(*)', t: 'sum(n)', m: 'max(s)', a: 'avg(n)' } },
    query: 'SELECT k, count(*), sum(n), max(s), avg(n) FROM input GROUP BY k',
    keys: 1,
  },
  'two keys': {
    operator: 'AGGREGATE',
    config: { groupBy: ['k', 's'], aggregates: { t: 'sum(n)' } },
    query: 'SELECT k, s, sum(n) FROM input GROUP BY k, s',
    keys: 2,
  },
  'keys alone': {
    operator: 'AGGREGATE',
    config: { groupBy: ['s', 'k'], aggregates: {} },
    query: 'SELECT DISTINCT s, k FROM input',
    keys: 2,
  },
  records: {
    operator: 'AGGREGATE',
    config: { groupBy: ['k'], aggregates: { m: 'median(n)', l: 'last(s)', d: 'count(DISTINCT s)' } },
    query: 'SELECT k, median(n), last(s ORDER BY n), count(DISTINCT s) FROM input GROUP BY k',
    keys: 1,
  },
  first: {
    operator: 'DEDUPLICATE',
    config: { key: ['k'] },
    query: 'SELECT k, n, s FROM (SELECT * FROM input QUALIFY row_number() OVER (PARTITION BY k ORDER BY n) = 1)',
    // Nothing is ever told twice.
    keys: 3,
  },
  last: {
    operator: 'DEDUPLICATE',
    config: { key: ['k'], keep: 'LAST' },
    query: 'SELECT k, n, s FROM (SELECT * FROM input QUALIFY row_number() OVER (PARTITION BY k ORDER BY n DESC) = 1)',
    keys: 1,
  },
  best: {
    operator: 'DEDUPLICATE',
    config: { key: ['k'], keep: 'FIRST', orderBy: [{ column: 's' }] },
    query: 'SELECT k, n, s FROM (SELECT * FROM input QUALIFY row_number() OVER (PARTITION BY k ORDER BY s, n) = 1)',
    keys: 1,
  },
}

const jobOf = (
  { operator, config }: Operator,
  count: number,
  keys: number,
  parallelism: number,
  type = 'STREAMING',
) => ({
  name: 'keyed',
  type,
  nodes: [
    { id: 'in', source: 'shelf', parallelism: 1, config: { count, select: select(keys), types, batch: 37 } },
    { id: 'keyed', operator, input: 'in', parallelism, config },
    // The key first, as a reader wants it.
    ...(operator === 'DEDUPLICATE'
      ? [{ id: 'turned', operator: 'MAP', input: 'keyed', config: { select: ['k', 'n', 's'] } }]
      : []),
    { id: 'out', sink: 'shelf', input: operator === 'DEDUPLICATE' ? 'turned' : 'keyed', parallelism: 1, config: {} },
  ],
})

async function graphOf(job: object, parts: EngineParts) {
  const compiled = await compileJob(job, parts)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.graph
}

const streaming: DriveOptions = { settings: { type: 'STREAMING' } }
const asText = (rows: readonly unknown[][]) => rows.map((row) => row.map(String).join('|')).sort()

/** The last of each key. */
function upserted(rows: readonly unknown[][], keys: number): unknown[][] {
  return [...new Map(rows.map((row) => [row.slice(0, keys).map(String).join('|'), row])).values()]
}

async function expected({ query }: Operator, count: number, keys: number, folder: string) {
  const session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
  try {
    return await session.rows(`WITH input AS (SELECT ${select(keys)} FROM range(${count}) t(n)) ${query}`)
  } finally {
    session.close()
  }
}

describe.each(Object.entries(operators))('%s', (_, operator) => {
  test('gives what one query gives, however epochs are cut, and whether state is read from files or kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 900 }),
        fc.constantFrom(7, 300),
        fc.integer({ min: 30, max: 400 }),
        fc.boolean(),
        async (count, keys, epochRecords, cold) => {
          const shelf = new Shelf()
          await withParts([shelf.connector], async (parts, folder) => {
            const graph = await graphOf(jobOf(operator, count, keys, 1), parts)
            await drive(graph, parts, { ...streaming, epochRecords, cold })
            const rows = upserted(shelf.rows, operator.keys)
            expect(asText(rows)).toEqual(asText(await expected(operator, count, keys, folder)))
          })
        },
      ),
      { numRuns: 2 },
    )
  }, 120_000)

  test('goes on in more subtasks, and in fewer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([2, 3, 1], [1, 2, 5], [3, 2, 3]),
        fc.constantFrom(7, 300),
        fc.integer({ min: 60, max: 150 }),
        fc.boolean(),
        async (parallelisms, keys, epochRecords, cold) => {
          const shelf = new Shelf()
          const count = 1_100
          await withParts([shelf.connector], async (parts, folder) => {
            let from: Standing | undefined
            for (const [at, parallelism] of parallelisms.entries()) {
              const graph = await graphOf(jobOf(operator, count, keys, parallelism), parts)
              const more = at < parallelisms.length - 1 ? { epochs: 3 } : {}
              const options = { ...streaming, ...more, epochRecords, cold, lineageId: 'one' }
              from = (await drive(graph, parts, from === undefined ? options : { ...options, from })).standing
              const subtasks = new Set(from.states.map(({ subtask }) => subtask))
              expect(Math.max(...subtasks)).toBeLessThan(parallelism)
            }
            const rows = upserted(shelf.rows, operator.keys)
            expect(asText(rows)).toEqual(asText(await expected(operator, count, keys, folder)))
          })
        },
      ),
      { numRuns: 1 },
    )
  }, 120_000)
})

test.each(['partials', 'records', 'first', 'best'])(
  'in BATCH too state goes on in other subtasks: %s',
  async (name) => {
    const operator = operators[name]!
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts, folder) => {
      const graph = (parallelism: number) => graphOf(jobOf(operator, 1_000, 60, parallelism, 'BATCH'), parts)
      await driveInTurn([2, 3, 1], graph, parts, { epochRecords: 150, epochs: 2 })
      expect(asText(shelf.rows)).toEqual(asText(await expected(operator, 1_000, 60, folder)))
    })
  },
  60_000,
)

/** A stream with a table of 90 names, of so many keys. */
function joinedWithNames(keys: number, mode: 'BATCH' | 'STREAMING', config: object, senders = 1) {
  const names = `n % ${keys} AS k, 'name ' || n AS name`
  const nameTypes = { k: 'INTEGER', name: 'VARCHAR' }
  return (parallelism: number) => ({
    name: 'joined',
    type: mode,
    nodes: [
      {
        id: 'names',
        source: 'shelf',
        parallelism: senders,
        config: { count: 90, select: names, types: nameTypes },
      },
      { id: 'in', source: 'shelf', config: { count: 1_000, select: select(50), types, batch: 37 } },
      {
        id: 'joined',
        operator: 'JOIN',
        parallelism,
        inputs: { left: 'in', right: 'names' },
        config: { on: 'left.k = right.k', select: { n: 'left.n', name: 'right.name' }, ...config },
      },
      { id: 'out', sink: 'shelf', input: 'joined', parallelism, config: {} },
    ],
  })
}

async function expectJoined(type: string, keys: number, jobOf: (parallelism: number) => object, options: DriveOptions) {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts, folder) => {
    const graph = (parallelism: number) => graphOf(jobOf(parallelism), parts)
    await driveInTurn([2, 3, 1, 4], graph, parts, { ...options, epochRecords: 150, epochs: 2 })
    const query = `SELECT input.n, names.name FROM input
      ${type} JOIN (SELECT n % ${keys} AS k, 'name ' || n AS name FROM range(90) t(n)) AS names ON input.k = names.k`
    expect(asText(shelf.rows)).toEqual(asText(await expected({ query } as Operator, 1_000, 50, folder)))
  })
}

test.each(['HASH', 'BROADCAST'])(
  'the right side of a join goes on in more subtasks, and in fewer: %s',
  async (strategy) => {
    const jobOf = joinedWithNames(40, 'STREAMING', { type: 'LEFT', strategy }, 2)
    await expectJoined('LEFT', 40, jobOf, streaming)
  },
  60_000,
)

test.each(['RIGHT', 'FULL'])(
  'in BATCH, which right records have found a partner is known in other subtasks too: %s',
  async (type) => {
    await expectJoined(type, 70, joinedWithNames(70, 'BATCH', { type }), {})
  },
  60_000,
)
