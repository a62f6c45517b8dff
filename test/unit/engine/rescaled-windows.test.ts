/** WINDOW in STREAMING goes on in more subtasks, and in fewer: the same windows, told as often, and the same late records. */
import { expect, test } from '@jest/globals'
import { compileJob } from '../../../engine/compile-job.js'
import { driveInTurn, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const count = 1_200
const select =
  "n, CAST(hash(n) % 9 AS BIGINT) AS k, TIMESTAMP '2026-03-01' + INTERVAL 1 SECOND * CAST(n AS INTEGER) - INTERVAL 1 SECOND * CAST(CASE WHEN n % 31 = 30 THEN 150 WHEN n % 11 = 0 THEN 25 ELSE hash(n, 1) % 9 END AS INTEGER) AS ts"

const kinds: Readonly<Record<string, object>> = {
  tumbling: { type: 'TUMBLING', size: '1m' },
  'tumbling, late': { type: 'TUMBLING', size: '1m', allowedLateness: '40s' },
  hopping: { type: 'HOPPING', size: '1m', slide: '20s' },
  session: { type: 'SESSION', gap: '12s' },
  'session, late': { type: 'SESSION', gap: '12s', allowedLateness: '30s' },
}
const aggregates = { sums: { c: 'count(*)', s: 'sum(n)' }, records: { c: 'count(*)', m: 'median(n)' } }

const cases = [
  ['tumbling', 'sums'],
  ['tumbling, late', 'records'],
  ['hopping', 'sums'],
  ['session', 'records'],
  ['session, late', 'sums'],
] as const

test.each(cases)(
  '%s, with %s',
  async (kind, kept) => {
    const config = { ...kinds[kind], groupBy: ['k'], aggregates: aggregates[kept] }
    const undisturbed = await told(config, [1])
    expect(undisturbed.filter((row) => row.split('|').length === 3).length).toBeGreaterThan(0)
    expect(await told(config, [2, 3, 1])).toEqual(undisturbed)
    expect(await told(config, [1, 4, 2])).toEqual(undisturbed)
  },
  120_000,
)

/** All rows that were written, the last of each window. */
async function told(config: object, parallelisms: readonly number[]): Promise<string[]> {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts) => {
    const graphOf = async (parallelism: number) => {
      const compiled = await compileJob(jobOf(config, parallelism), parts)
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
      return compiled.graph
    }
    const options = { settings: { type: 'STREAMING' as const }, epochRecords: 140, epochs: 3 }
    await driveInTurn(parallelisms, graphOf, parts, options)
  })
  const rows = shelf.rows.map((row) => row.map(String))
  const windows = rows.filter(({ length }) => length === 5)
  const last = new Map(windows.map((row) => [row.slice(0, 3).join('|'), row.join('|')]))
  return [...last.values(), ...rows.filter(({ length }) => length === 3).map((row) => row.join('|'))].sort()
}

const jobOf = (config: object, parallelism: number) => ({
  name: 'windows',
  type: 'STREAMING',
  nodes: [
    {
      id: 'in',
      source: 'shelf',
      config: { count, batch: 37, select, types: { n: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' } },
      watermark: { time: 'ts', outOfOrderness: '10s' },
    },
    { id: 'win', operator: 'WINDOW', input: 'in', parallelism, config },
    { id: 'out', sink: 'shelf', input: 'win', config: {} },
    { id: 'late', sink: 'shelf', input: 'win.late', config: {} },
  ],
})
