/** Windows and joins while nobody knows how far event time has come: restored from files, they are what they were. */
import { expect, test } from '@jest/globals'
import { compileJob } from '../../../engine/compile-job.js'
import { drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const source = (id: string, count: number, types: Readonly<Record<string, string>>, select: string) => ({
  id,
  source: 'shelf',
  config: { count, batch: 2_000, types, select },
})
const at = (n: string) => `TIMESTAMP '1970-01-01 00:00:10' + INTERVAL 1 MILLISECOND * CAST(${n} AS BIGINT)`
const out = (input: string) => ({ id: 'out', sink: 'shelf', input, config: {} })
const union = (...inputs: string[]) => ({ id: 'both', operator: 'UNION', inputs, config: {} })

async function run(nodes: readonly object[], sizes: readonly number[], cold: boolean): Promise<string[]> {
  const shelf = new Shelf()
  const left = [...sizes]
  await withParts([shelf.connector], async (parts) => {
    const job = await compileJob({ name: 'silent', type: 'STREAMING', nodes }, parts)
    if (!job.ok) throw new Error(JSON.stringify(job.problems))
    await drive(job.graph, parts, {
      settings: { type: 'STREAMING' },
      epochRecords: () => left.shift() ?? 2_000,
      at: (epoch) => new Date(Date.UTC(2026, 0, 2, 3, 4, 2 * epoch)).toISOString(),
      cold,
    })
  })
  return shelf.rows.map((row) => row.map(String).join(' '))
}

/** Long lists are never shown. */
function lost(rows: readonly string[], from: readonly string[]) {
  const there = new Set(rows)
  return { rows: rows.length, lacking: from.filter((row) => !there.has(row)).slice(0, 3) }
}

test('a window holds each record once when one of its sources falls silent about time', async () => {
  const types = { n: 'BIGINT', k: 'BIGINT', t: 'TIMESTAMP' }
  const watermark = { time: 't', idleTimeout: '1s' }
  // The second source is idle at first, then has records without a time, and times only at last.
  const nodes = [
    { ...source('steady', 12_000, types, `n, n % 50 AS k, ${at('n')} AS t`), watermark: { time: 't' } },
    source('late', 12_000, types, `n, n % 50 AS k, CASE WHEN n >= 10000 THEN ${at('n')} END AS t`),
    { id: 'some', operator: 'FILTER', input: 'late', config: { where: 'n >= 6000' } },
    { id: 'named', operator: 'MAP', input: 'some', config: { set: { k: 'k + 1' } }, watermark },
    { id: 'timed', operator: 'FILTER', input: 'named', config: { where: 't IS NOT NULL' } },
    union('steady', 'timed'),
    {
      id: 'windows',
      operator: 'WINDOW',
      input: 'both',
      config: { type: 'TUMBLING', size: '1h', groupBy: ['k'], aggregates: { c: 'count(*)', m: 'median(n)' } },
    },
    out('windows'),
  ]
  const sizes = [5_000, ...Array<number>(14).fill(300)]
  expect(await run(nodes, sizes, true)).toEqual(await run(nodes, sizes, false))
}, 60_000)

test.each(['SEMI', 'ANTI', 'LEFT'])(
  'a %s join tells each record once before any watermark is known',
  async (type) => {
    const types = { m: 'BIGINT', j: 'BIGINT', t: 'TIMESTAMP' }
    const watermark = { time: 't', outOfOrderness: '1h' }
    const left = source('left', 4_500, { n: 'BIGINT', k: 'BIGINT', t: 'TIMESTAMP' }, `n, n AS k, ${at('n')} AS t`)
    const partners = `n AS m, CASE WHEN n < 4000 THEN -1 ELSE n % 4000 END AS j, ${at('n % 4000')} AS t`
    const silent = `n AS m, -n AS j, CASE WHEN n >= 15500 THEN ${at('n')} END AS t`
    const nodes = [
      { ...left, watermark: { time: 't' } },
      { ...source('partners', 16_000, types, partners), watermark },
      { ...source('silent', 17_000, types, silent), watermark },
      union('partners', 'silent'),
      {
        id: 'pairs',
        operator: 'JOIN',
        inputs: { left: 'left', right: 'both' },
        config: {
          type,
          on: 'left.k = right.j',
          within: '10s',
          ...(type === 'LEFT' && { select: { n: 'left.n', m: 'right.m' } }),
        },
      },
      out('pairs'),
    ]
    const sizes = [4_000, 4_000, 4_000, 4_000, ...Array<number>(4).fill(900)]
    const [cold, warm] = [await run(nodes, sizes, true), await run(nodes, sizes, false)]
    expect(lost(cold, warm)).toEqual({ rows: warm.length, lacking: [] })
  },
  60_000,
)
