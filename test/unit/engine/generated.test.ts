import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../../connectors/index.js'
import { compileJob } from '../../../engine/compile-job.js'
import { drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const columns = {
  id: 'n',
  country: { kind: 'CHOICE', of: ['DE', 'FR', 'IT'], nullRatio: 0.1 },
  price: { kind: 'RANDOM', min: '0.99', max: '99.99', type: 'DECIMAL(10,2)' },
  total: 'price * (1 + n % 3)',
}
const job = (parallelism: number, config: object = {}, more: object = {}) => ({
  name: 'made-up',
  parallelism,
  nodes: [
    { id: 'made', source: 'generator', config: { rows: 1_000, columns, ...config } },
    { id: 'some', operator: 'FILTER', input: 'made', config: { where: 'id % 5 <> 0' } },
    { id: 'kept', sink: 'shelf', input: 'some', config: {} },
    { id: 'gone', sink: 'blackhole', input: 'made' },
  ],
  ...more,
})

async function run(spec: object, check: (driven: Awaited<ReturnType<typeof drive>>, shelf: Shelf) => void) {
  const shelf = new Shelf()
  await withParts([...connectors, shelf.connector], async (parts) => {
    const compiled = await compileJob(spec, parts)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    check(await drive(compiled.graph, parts, { epochRecords: 300, cold: true }), shelf)
  })
}

async function problems(spec: object) {
  let found: readonly unknown[] = []
  await withParts([...connectors, new Shelf().connector], async (parts) => {
    const compiled = await compileJob(spec, parts)
    found = compiled.ok ? [] : compiled.problems
  })
  return found
}

const inOrder = (rows: readonly unknown[][]) => [...rows].sort((a, b) => Number(a[0]) - Number(b[0]))

describe('a job over records that are made up', () => {
  test('gives the same at any parallelism, and counts what went nowhere', async () => {
    const kept: unknown[][][] = []
    for (const parallelism of [1, 3])
      await run(job(parallelism), ({ counters, epochs }, shelf) => {
        expect(epochs).toBe(4)
        expect(counters).toMatchObject({
          made: { in: 1_000 },
          kept: { passed: 800 },
          gone: { in: 1_000, passed: 1_000 },
        })
        kept.push(inOrder(shelf.rows))
      })
    expect(kept[0]).toHaveLength(800)
    expect(kept[1]).toEqual(kept[0])
  })

  test('sets aside what an expression of its columns cannot compute, at any parallelism', async () => {
    const failing = { columns: { id: 'n', small: 'CAST(n AS UTINYINT)' } }
    for (const parallelism of [1, 3]) {
      const spec = job(parallelism, { ...failing, rows: 260 }, { onBadRecord: { action: 'SKIP' } })
      const shelf = new Shelf()
      await withParts([...connectors, shelf.connector], async (parts) => {
        const compiled = await compileJob(spec, parts)
        if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
        const settings = { onBadRecord: { action: 'DEAD_LETTER', max: null, maxRatio: null } } as const
        const { counters, rejected } = await drive(compiled.graph, parts, { settings })
        expect(counters.made).toMatchObject({ in: 260, out: 256, failed: 4 })
        expect(rejected.map(({ place }) => place.record).sort()).toEqual([256, 257, 258, 259])
      })
    }
  })

  test('is refused where a BATCH job would have no end', async () => {
    expect(await problems(job(1, { rows: undefined }))).toMatchObject([
      { pointer: '/nodes/0/config/rows', code: 'spec.invalid', hint: 'Say `rows: 1000`.' },
    ])
  })

  test('is refused where a column is of no kind, refers to nothing or asks for chance', async () => {
    const wrong = { a: { kind: 'RANDM', min: 1, max: 2 }, b: 'random()', c: { kind: 'TEXT', length: 0 } }
    expect(await problems(job(1, { columns: wrong }))).toMatchObject([
      { pointer: '/nodes/0/config/columns/a/kind', hint: 'Did you mean `RANDOM`?' },
      { pointer: '/nodes/0/config/columns/b', code: 'sql.refused' },
      { pointer: '/nodes/0/config/columns/c/length', message: 'Expected at least 1, found 0.' },
    ])
    expect(await problems(job(1, { columns: { a: 'n + x' } }))).toMatchObject([
      { pointer: '/nodes/0/config/columns/a', code: 'sql.invalid' },
    ])
  })

  test('may be printed only by a job that says AT_LEAST_ONCE', async () => {
    const nodes = [job(1).nodes[0], { id: 'shown', sink: 'print', input: 'made' }]
    expect(await problems({ name: 'shown', nodes })).toMatchObject([
      { pointer: '/nodes/1/sink', code: 'sink.unsupported', hint: expect.stringContaining('AT_LEAST_ONCE') },
    ])
    expect(await problems({ name: 'shown', nodes, delivery: 'AT_LEAST_ONCE' })).toEqual([])
  })
})
