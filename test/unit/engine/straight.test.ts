import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../../connectors/index.js'
import { openSession } from '../../../duckdb/open-session.js'
import { text } from '../../../duckdb/sql.js'
import type { EngineParts } from '../../../engine/engine.js'
import { prepareSinks } from '../../../engine/sinks.js'
import { chainOf, type DriveOptions, drive, edge, node, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const records = 'BIGINT id, VARCHAR amount'
const doubled = 'BIGINT id, BIGINT twice'

const source = node('numbers', 'SOURCE', 'file', { path: 'in/*.parquet' }, records)
const odd = node('odd', 'OPERATOR', 'FILTER', { where: 'id % 2 = 1' }, records)
const few = node('few', 'OPERATOR', 'FILTER', { where: 'id % 3 <> 0' }, records)
const renamed = node('renamed', 'OPERATOR', 'MAP', { select: ['id', 'amount'] }, records)
const twice = node('twice', 'OPERATOR', 'MAP', { select: { id: 'id', twice: '2 * amount::BIGINT' } }, doubled)
const sink = (format: string) => node('out', 'SINK', 'file', { path: 'out', format }, doubled)

const graph = (format = 'parquet') =>
  chainOf(
    [source, odd, renamed, few, twice, sink(format)],
    [
      edge('numbers', 'odd'),
      edge('odd', 'renamed'),
      edge('renamed', 'few'),
      edge('few', 'twice'),
      edge('twice', 'out'),
    ],
  )

/** One query, as nothing in its midst is a copy. */
const short = (first = odd, out = sink('parquet')) =>
  chainOf([source, first, twice, out], [edge('numbers', first.id), edge(first.id, 'twice'), edge('twice', 'out')])

describe.each(['parquet', 'json', 'csv'])('Parquet through filters and maps into %s', (format) => {
  test('gives what the query gives, and counts it', async () => {
    const { rows, driven } = await run(graph(format), 5_000, [])
    expect(rows).toEqual(expected(5_000, []))
    expect(driven.counters).toMatchObject({
      numbers: { in: 5_000, out: 5_000 },
      odd: { in: 5_000, filtered: 2_500, out: 2_500 },
      renamed: { in: 2_500, out: 2_500 },
      few: { in: 2_500, filtered: 833, out: 1_667 },
      twice: { in: 1_667, out: 1_667, failed: 0 },
      out: { in: 1_667, out: 1_667 },
    })
  })

  test('leaves out what cannot be computed, with its place, in every batch', async () => {
    const bad = [1, 4_999, 7, 13]
    const onBadRecord = { action: 'DEAD_LETTER', max: null, maxRatio: null } as const
    const { rows, driven } = await run(graph(format), 5_000, bad, { settings: { onBadRecord } })
    expect(rows).toEqual(expected(5_000, bad))
    expect(driven.rejected.map(({ nodeId, original, place }) => [nodeId, original, place.record])).toEqual(
      [1, 7, 13, 4_999].map((id) => ['twice', `{"id":${id},"amount":"x${id}"}`, id]),
    )
    expect(driven.counters.twice).toMatchObject({ in: 1_667, failed: 4, out: 1_663 })
  })

  test('fails with the place of the first bad record', async () => {
    await expect(run(graph(format), 5_000, [601])).rejects.toMatchObject({
      code: 'record.bad',
      nodeId: 'twice',
      message: expect.stringContaining('x601'),
    })
  })
})

test('more than one batch at once keeps the order of the source', async () => {
  const { rows } = await run(graph(), 2_500_000, [])
  expect(rows).toEqual(expected(2_500_000, []))
})

const listed = [1, 5, 9, 77, 123, 457, 789, 791, 993]

test('a long list of values in a condition keeps the order of the source', async () => {
  const some = { ...odd, config: { where: `id % 1000 IN (${listed.join(', ')})` } }
  const { rows } = await run(short(some), 1_000_000, [])
  const all = Array.from({ length: 1_000_000 }, (_, id) => id)
  expect(
    firstMisplaced(
      rows,
      all.filter((id) => listed.includes(id % 1_000)),
    ),
  ).toBeNull()
})

test('bad records far apart in a large batch are told by their own places, and the others keep their order', async () => {
  const bad = [1, 122_881, 500_003, 899_999]
  const onBadRecord = { action: 'DEAD_LETTER', max: null, maxRatio: null } as const
  const { rows, driven } = await run(short(), 900_000, bad, { settings: { onBadRecord } })
  const all = Array.from({ length: 900_000 }, (_, id) => id)
  expect(
    firstMisplaced(
      rows,
      all.filter((id) => id % 2 === 1 && !bad.includes(id)),
    ),
  ).toBeNull()
  expect(driven.rejected.map(({ original, place }) => [original, place.record])).toEqual(
    bad.map((id) => [`{"id":${id},"amount":"x${id}"}`, id]),
  )
})

test('what a sink refuses is kept as its source gave it', async () => {
  const shelf = new Shelf()
  const refusing = node('out', 'SINK', 'shelf', { refuse: 'id = 7' }, doubled)
  const onBadRecord = { action: 'DEAD_LETTER', max: null, maxRatio: null } as const
  const { driven } = await run(short(odd, refusing), 100, [], { settings: { onBadRecord } }, shelf)
  expect(driven.rejected.map(({ original, place }) => [original, place.record])).toEqual([[`{"id":7,"amount":"7"}`, 7]])
})

/** A difference of a million rows would take minutes to show. */
function firstMisplaced(rows: readonly unknown[][], ids: readonly number[]) {
  const at = Array.from({ length: Math.max(rows.length, ids.length) }, (_, index) => index).find(
    (index) => Number(rows[index]?.[0]) !== ids[index],
  )
  return at === undefined ? null : { at, came: rows[at]?.[0], due: ids[at] }
}

function expected(count: number, bad: readonly number[]): string[][] {
  const all = Array.from({ length: count }, (_, id) => id)
  return all.filter((id) => id % 2 === 1 && id % 3 !== 0 && !bad.includes(id)).map((id) => [String(id), String(2 * id)])
}

async function run(
  chain: ReturnType<typeof graph>,
  count: number,
  bad: readonly number[],
  options: DriveOptions = {},
  shelf = new Shelf(),
) {
  const amount = `CASE WHEN n IN (${[-1, ...bad].join(', ')}) THEN 'x' || n ELSE n::VARCHAR END`
  let done: { rows: unknown[][]; driven: Awaited<ReturnType<typeof drive>> } | undefined
  await withParts([...connectors, shelf.connector], async (parts, folder) => {
    const session = await openSession({ folder, memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
    try {
      await mkdir(join(folder, 'in'))
      await session.run(
        `COPY (SELECT n AS id, ${amount} AS amount FROM range(${count}) AS r(n)) TO ${text(join(folder, 'in/a.parquet'))} (FORMAT parquet)`,
      )
      await prepare(chain, parts)
      const driven = await drive(chain, parts, { lineageId: 'straight', ...options })
      const format = (await readdir(join(folder, 'out')).catch(() => []))
        .find((name) => !/^[._]/.test(name))
        ?.split('.')
        .at(-1)
      const written = text(join(folder, `out/*.${format}`))
      const rows = format === undefined ? shelf.rows : await session.rows(`SELECT * FROM read_${format}(${written})`)
      done = { rows: rows.map((row) => row.map(String)), driven }
    } finally {
      session.close()
    }
  })
  return done!
}

async function prepare(chain: ReturnType<typeof graph>, parts: EngineParts): Promise<void> {
  const at = '2026-01-01T00:00:00Z'
  const settings = { parameters: {} } as never
  const run = { graph: chain, lineageId: 'straight', settings, parameters: {}, logicalTime: at, executionId: 'e', at }
  const fence = { generation: 1, attempt: 1, epoch: 1, activityAttempt: 1 }
  await prepareSinks(run, parts, fence, new AbortController().signal)
}
