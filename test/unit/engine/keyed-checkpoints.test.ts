/** What checkpoints of keyed state hold, how long a key is kept, and what is refused. */
import { describe, expect, test } from '@jest/globals'
import type { ChainResult, StateHandle } from '../../../core/execution/chain-task.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import { compileJob } from '../../../engine/compile-job.js'
import type { EngineParts } from '../../../engine/engine.js'
import { type DriveOptions, drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

/** Of 500 changes each; 30 in `npm test`. */
const epochs = Number(process.env.ETL_CHECKPOINTS ?? 30)
const streaming: DriveOptions = { settings: { type: 'STREAMING' } }

interface Job {
  readonly count: number
  readonly select: string
  readonly types?: Readonly<Record<string, string>>
  readonly operator?: string
  readonly config: object
  readonly parallelism?: number
  readonly watermark?: object
}

async function graphOf(
  {
    count,
    select,
    types = { n: 'BIGINT', k: 'BIGINT' },
    operator = 'AGGREGATE',
    config,
    parallelism = 1,
    watermark,
  }: Job,
  parts: EngineParts,
): Promise<JobGraph> {
  const compiled = await compileJob(
    {
      name: 'keyed',
      type: 'STREAMING',
      nodes: [
        { id: 'in', source: 'shelf', config: { count, select, types, batch: 5_000 }, ...(watermark && { watermark }) },
        { id: 'keyed', operator, input: 'in', parallelism, config },
        { id: 'out', sink: 'shelf', input: 'keyed', config: {} },
      ],
    },
    parts,
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.graph
}

const counted = { groupBy: ['k'], aggregates: { c: 'count(*)' } }

/** What each epoch has written that the one before had not. */
function writtenBy(
  results: readonly ChainResult[],
): readonly { readonly records: number; readonly sizeBytes: number }[] {
  let known = new Set<string>()
  return results.map(({ states }) => {
    const fresh = states.filter(({ path }) => !known.has(path))
    known = new Set(states.map(({ path }) => path))
    const sum = (of: (handle: StateHandle) => number) => fresh.reduce((total, handle) => total + of(handle), 0)
    return { records: sum(({ records }) => records), sizeBytes: sum(({ sizeBytes }) => sizeBytes) }
  })
}

describe('a checkpoint', () => {
  const window = { type: 'TUMBLING', size: '1d', groupBy: ['k'] }
  const session = { type: 'SESSION', gap: '1d', groupBy: ['k'] }
  test.each([
    ['AGGREGATE', counted, 1, 1],
    ['WINDOW', { ...window, aggregates: { c: 'count(*)' } }, 1, 1],
    ['WINDOW', { ...window, aggregates: { c: 'median(n)' } }, 1, 1],
    // Every record is in two windows.
    ['WINDOW', { ...window, type: 'HOPPING', slide: '12h', aggregates: { c: 'count(*)' } }, 2, 1],
    // A key that has changed says so, and all its rows follow.
    ['WINDOW', { ...session, aggregates: { c: 'count(*)' } }, 1, 2],
  ])(
    'of %s %j writes what has changed, however large the state is',
    async (operator, config, copies, rowsOfOne) => {
      const shelf = new Shelf()
      await withParts([shelf.connector], async (parts) => {
        // 200,000 groups in the first epoch; then 500 of them in each.
        const groups = 200_000
        const select = `n, CASE WHEN n < ${groups} THEN n ELSE CAST(hash(n) % ${groups} AS BIGINT) END AS k, make_timestamp(n) AS t`
        const types = { n: 'BIGINT', k: 'BIGINT', t: 'TIMESTAMP' }
        const watermark = { time: 't' }
        const job = { count: groups + epochs * 500, select, types, operator, config, watermark }
        const graph = await graphOf(job, parts)
        const first = await drive(graph, parts, { ...streaming, epochRecords: groups, epochs: 1, lineageId: 'one' })
        const { results } = await drive(graph, parts, {
          ...streaming,
          epochRecords: 500,
          from: first.standing,
          lineageId: 'one',
        })
        const [base] = writtenBy(first.results)
        expect(base?.records).toBeGreaterThanOrEqual(copies * groups)
        expect(base?.records).toBeLessThanOrEqual(copies * groups + 1)
        const written = writtenBy([first.results[0]!, ...results]).slice(1)
        expect(written).toHaveLength(epochs)
        // A window's clock is one more record.
        const changed = copies * rowsOfOne * epochs * 500 + epochs
        expect(written.reduce((sum, { records }) => sum + records, 0)).toBeLessThan(8 * changed)
        expect(Math.max(...written.map(({ records }) => records))).toBeLessThanOrEqual(changed)
        expect(Math.min(...written.map(({ sizeBytes }) => sizeBytes))).toBeLessThan(base!.sizeBytes / 50)
        expect(Math.max(...results.map(({ states }) => states.length))).toBeLessThanOrEqual(20)
        expect(Math.max(...results.map(({ states }) => states.length))).toBeGreaterThan(2)
        // The base is the same file all the time, until the input ends and windows with it.
        const largest = ({ states }: ChainResult) => states.reduce((a, b) => (a.records >= b.records ? a : b)).path
        expect(new Set(results.slice(0, -1).map(largest))).toEqual(new Set([largest(first.results[0]!)]))
      })
    },
    120_000,
  )

  test.each(['count(*)', 'median(n)'])(
    'of sessions, some over and some gone on, loses nothing: %s',
    async (c) => {
      // Of 8,000 keys, some come again within the gap, and some after it.
      const select = `n, CAST(hash(n // 3) % 8000 AS BIGINT) AS k, make_timestamp(CAST(n * 2500 + hash(n) % 14000000 AS BIGINT)) AS t`
      const types = { n: 'BIGINT', k: 'BIGINT', t: 'TIMESTAMP' }
      const config = { type: 'SESSION', gap: '12s', groupBy: ['k'], aggregates: { c } }
      const told: string[][] = []
      for (const options of [{ epochRecords: 20_000 }, { epochRecords: 700, cold: true }]) {
        const shelf = new Shelf()
        await withParts([shelf.connector], async (parts) => {
          const watermark = { time: 't', outOfOrderness: '1s' }
          const graph = await graphOf({ count: 20_000, select, types, operator: 'WINDOW', config, watermark }, parts)
          const { results } = await drive(graph, parts, { ...streaming, ...options })
          if (options.cold) expect(Math.max(...results.map(({ states }) => states.length))).toBeGreaterThan(3)
        })
        told.push(shelf.rows.map((row) => row.map(String).join('|')).sort())
      }
      expect(told[1]).toEqual(told[0])
      expect(told[0]!.length).toBeGreaterThan(4_000)
    },
    120_000,
  )

  test('of an epoch that has changed nothing names the same files', async () => {
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts) => {
      const graph = await graphOf({ count: 10, select: 'n, n AS k', config: counted }, parts)
      const first = await drive(graph, parts, { ...streaming, epochRecords: 5, epochs: 1, lineageId: 'one' })
      const idle = await graphOf({ count: 5, select: 'n, n AS k', config: counted }, parts)
      const { results } = await drive(idle, parts, { ...streaming, from: first.standing, lineageId: 'one', epochs: 1 })
      expect(results.at(-1)?.states.map(({ path }) => path)).toEqual(first.standing.states.map(({ path }) => path))
      expect(shelf.rows).toHaveLength(5)
    })
  })

  test('writes all of it once the changes have grown as large, and loses nothing then', async () => {
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts) => {
      const graph = await graphOf({ count: 30_000, select: 'n, n % 3000 AS k', config: counted }, parts)
      const { standing } = await drive(graph, parts, { ...streaming, epochRecords: 700, cold: true })
      const last = new Map(shelf.rows.map(([k, c]) => [k, c]))
      expect([...last.values()].every((c) => c === 10n)).toBe(true)
      expect(last.size).toBe(3_000)
      expect(standing.states[0]?.records).toBe(3_000)
    })
  }, 60_000)
})

describe('a checkpoint of a join of two streams', () => {
  // A right record finds a left one of the epoch before, and another one of that before finds it once more.
  const right = `n AS rn, CASE n % 20 WHEN 0 THEN n - 1000 WHEN 1 THEN n - 2001 END AS rk, make_timestamp(n) AS rt`
  const stream = (id: string, select: string) => ({
    id,
    source: 'shelf',
    config: {
      count: 12_000,
      select,
      types: { [`${id}n`]: 'BIGINT', [`${id}k`]: 'BIGINT', [`${id}t`]: 'TIMESTAMP' },
    },
    watermark: { time: `${id}t` },
  })
  const pairsOf = async (type: string) => {
    const shelf = new Shelf()
    let results: readonly ChainResult[] = []
    await withParts([shelf.connector], async (parts) => {
      const compiled = await compileJob(
        {
          name: 'pairs',
          type: 'STREAMING',
          nodes: [
            stream('l', 'n AS ln, n AS lk, make_timestamp(n) AS lt'),
            stream('r', right),
            {
              id: 'pairs',
              operator: 'JOIN',
              inputs: { left: 'l', right: 'r' },
              config: { type, on: 'left.lk = right.rk', within: '1d' },
            },
            { id: 'out', sink: 'shelf', input: 'pairs', config: {} },
          ],
        },
        parts,
      )
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
      results = (await drive(compiled.graph, parts, { ...streaming, epochRecords: 1_000, cold: true })).results
    })
    const written = results.filter(({ states }) => states.some(({ nodeId }) => nodeId === 'pairs'))
    return { rows: shelf.rows, parts: Math.max(...written.map(({ states }) => states.length)) }
  }
  const tens = (from: number, to: number) =>
    Array.from({ length: (to - from) / 20 }, (_, index) => BigInt(from + index * 20))

  test('knows which records have found a partner', async () => {
    const { rows, parts } = await pairsOf('LEFT')
    const lonely = rows.filter((row) => row[3] === null).map(([n]) => n)
    expect(lonely).toEqual(
      Array.from({ length: 12_000 }, (_, n) => BigInt(n)).filter((n) => n % 20n !== 0n || n >= 11_000n),
    )
    expect(rows).toHaveLength(lonely.length + tens(0, 11_000).length + tens(0, 10_000).length)
    // The clock, and parts of both sides.
    expect(parts).toBeGreaterThan(4)
  })

  test('has lost those that are not needed any more', async () => {
    const { rows } = await pairsOf('SEMI')
    expect(rows.map(([n]) => n)).toEqual(tens(0, 11_000))
  })
})

describe('a key is forgotten', () => {
  // One record an epoch, one epoch a minute.
  const minutes = (epoch: number) => new Date(Date.UTC(2026, 0, 1, 0, epoch)).toISOString()
  const given = async (operator: string, config: object, keys: readonly number[], cold: boolean) => {
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts) => {
      const select = `n, CAST(list_extract([${keys.join(', ')}], n + 1) AS BIGINT) AS k`
      const graph = await graphOf({ count: keys.length, select, operator, config }, parts)
      await drive(graph, parts, { ...streaming, epochRecords: 1, at: minutes, cold })
    })
    return shelf.rows.map((row) => row.map(String).join(' '))
  }

  test.each([true, false])(
    'by AGGREGATE, when no record has come for longer than ttl; cold: %s',
    async (cold) => {
      const keys = [1, 1, 2, 2, 1, 2, 2, 2, 2, 1]
      const config = { ...counted, ttl: '3m' }
      // 1 comes after three minutes, which is not longer, and after five, which is.
      const expected = ['1 1', '1 2', '2 1', '2 2', '1 3', '2 3', '2 4', '2 5', '2 6', '1 1']
      expect(await given('AGGREGATE', config, keys, cold)).toEqual(expected)
      const median = { ...config, aggregates: { c: 'count(DISTINCT n)' } }
      expect(await given('AGGREGATE', median, keys, cold)).toEqual(expected)
    },
    60_000,
  )

  test.each([true, false])(
    'by DEDUPLICATE, FIRST: since it came first; cold: %s',
    async (cold) => {
      const passed = await given('DEDUPLICATE', { key: ['k'], ttl: '3m' }, [1, 1, 2, 1, 1, 1, 2], cold)
      expect(passed).toEqual(['0 1', '2 2', '4 1', '6 2'])
    },
    60_000,
  )

  test.each([true, false])(
    'by DEDUPLICATE with order: since the best came; cold: %s',
    async (cold) => {
      const config = { key: ['k'], keep: 'FIRST', orderBy: [{ column: 'n' }], ttl: '3m' }
      expect(await given('DEDUPLICATE', config, [1, 1, 2, 1, 1, 1, 2], cold)).toEqual(['0 1', '2 2', '4 1', '6 2'])
    },
    60_000,
  )
})

describe('state is refused', () => {
  const goOn = async (before: Partial<Job>, after: Partial<Job>) => {
    const shelf = new Shelf()
    let refusal: unknown = null
    await withParts([shelf.connector], async (parts) => {
      const job = { count: 1_000, select: 'n, n % 10 AS k', config: counted }
      const { standing } = await drive(await graphOf({ ...job, ...before }, parts), parts, {
        ...streaming,
        epochRecords: 100,
        epochs: 2,
      })
      const graph = await graphOf({ ...job, ...after }, parts)
      refusal = await drive(graph, parts, { ...streaming, epochRecords: 100, from: standing }).catch((error) => error)
    })
    return refusal
  }

  test('with other aggregates', async () => {
    const config = { ...counted, aggregates: { c: 'max(n)' } }
    expect(await goOn({}, { config })).toMatchObject({ code: 'state.mismatch', nodeId: 'keyed' })
  })

  test('with another type of key', async () => {
    const types = { n: 'BIGINT', k: 'INTEGER' }
    const refusal = await goOn({}, { types, select: 'n, CAST(n % 10 AS INTEGER) AS k' })
    expect(refusal).toMatchObject({ code: 'state.mismatch', nodeId: 'keyed', message: /key0 BIGINT.*key0 INTEGER/ })
  })

  test('with a ttl that was not there: when its rows were set is not known', async () => {
    expect(await goOn({}, { config: { ...counted, ttl: '1h' } })).toMatchObject({ code: 'state.mismatch' })
  })
})
