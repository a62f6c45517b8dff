/** What a STREAMING job cannot do is refused when it is submitted, at the field that asks for it. */
import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../../connectors/index.js'
import { compileJob } from '../../../engine/compile-job.js'
import { withParts } from './drive.js'

const stream = (id: string, more: object = {}, rows: object = {}) => ({
  id,
  source: 'generator',
  config: {
    ...rows,
    rowsPerSecond: 10,
    columns: { [`${id}n`]: 'n', [`${id}t`]: "TIMESTAMP '2026-01-01' + to_seconds(n)" },
  },
  ...more,
})
const timed = (id: string) => stream(id, { watermark: { time: `${id}t`, outOfOrderness: '5s' } })
const out = (input: string) => ({ id: 'out', sink: 'blackhole', input, config: {} })
const join = (config: object = {}) => ({
  id: 'j',
  operator: 'JOIN',
  inputs: { left: 'a', right: 'b' },
  config: { on: 'left."an" = right."bn"', ...config },
})

async function problems(nodes: readonly object[]) {
  let found: readonly { pointer: string; message: string; hint: string | null }[] = []
  await withParts(connectors, async (parts) => {
    const job = await compileJob({ name: 'j', type: 'STREAMING', nodes }, parts)
    found = job.ok ? [] : job.problems
  })
  return found.map(({ pointer, message, hint }) => [pointer, message, hint])
}

describe('a join of two streams', () => {
  test('is refused without `within`, as the right side has no end', async () => {
    const message = 'The right side of a join is read to its end first, and `b` has none.'
    const expected = [['/nodes/2/inputs/right', message, expect.stringContaining('within: 10m')]]
    expect(await problems([stream('a'), stream('b'), join(), out('j')])).toEqual(expected)
  })

  test('is refused where the right side has no end further up', async () => {
    const some = { id: 'some', operator: 'FILTER', input: 'b', config: { where: 'bn > 3' } }
    const joined = { ...join(), inputs: { left: 'a', right: 'some' } }
    const found = await problems([stream('a'), stream('b'), some, joined, out('j')])
    expect(found.map(([pointer]) => pointer)).toEqual(['/nodes/3/inputs/right'])
  })

  test('is taken with `within`, or where the right side has an end', async () => {
    expect(await problems([timed('a'), timed('b'), join({ within: '10m' }), out('j')])).toEqual([])
    for (const type of ['INNER', 'LEFT', 'SEMI', 'ANTI'])
      expect(await problems([stream('a'), stream('b', {}, { rows: 5 }), join({ type }), out('j')])).toEqual([])
    for (const type of ['RIGHT', 'FULL'])
      expect(await problems([timed('a'), timed('b'), join({ within: '10m', type }), out('j')])).toEqual([])
  })

  test.each(['RIGHT', 'FULL'])('of type %s needs `within`', async (type) => {
    const [[pointer, , hint] = []] = await problems([
      stream('a'),
      stream('b', {}, { rows: 5 }),
      join({ type }),
      out('j'),
    ])
    expect([pointer, hint]).toEqual(['/nodes/2/config/type', expect.stringContaining('within')])
  })

  test('`within` needs watermarks on both sides, and is not BROADCAST', async () => {
    const missing = await problems([timed('a'), stream('b'), join({ within: '10m' }), out('j')])
    expect(missing).toEqual([
      [expect.stringContaining('/nodes/2/config'), expect.stringContaining('right side'), expect.any(String)],
    ])
    const broadcast = await problems([timed('a'), timed('b'), join({ within: '10m', strategy: 'BROADCAST' }), out('j')])
    expect(broadcast.map(([pointer]) => pointer)).toEqual(['/nodes/2/config/strategy'])
  })

  test('gives no event time to a WINDOW', async () => {
    const window = {
      id: 'w',
      operator: 'WINDOW',
      input: 'j',
      config: { type: 'TUMBLING', size: '1m', aggregates: { n: 'count(*)' } },
    }
    const found = await problems([timed('a'), timed('b'), join({ within: '10m' }), window, out('w')])
    expect(found.map(([pointer]) => pointer)).toEqual([expect.stringContaining('/nodes/3')])
  })
})

test('SQL that needs all records is refused at its query', async () => {
  const query = { id: 'q', operator: 'SQL', input: 'a', config: { query: 'SELECT count(*) AS n FROM input' } }
  expect(await problems([stream('a'), query, out('q')])).toEqual([
    ['/nodes/1/config/query', expect.stringContaining('The aggregate `count`'), expect.stringContaining('AGGREGATE')],
  ])
  const fine = { ...query, config: { query: 'SELECT an + 1 AS next FROM input WHERE an > 5' } }
  expect(await problems([stream('a'), fine, out('q')])).toEqual([])
})
