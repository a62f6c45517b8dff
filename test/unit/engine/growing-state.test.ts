import { expect, test } from '@jest/globals'
import { drive, edge, graphOf, node, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const source = (count: number) =>
  node(
    'numbers',
    'SOURCE',
    'shelf',
    { count, select: 'n AS id, CAST(hash(n) % 20000 AS BIGINT) AS k' },
    'BIGINT id, BIGINT k',
  )

const deduplicated = (count: number) =>
  graphOf(
    [
      source(count),
      node('once', 'OPERATOR', 'DEDUPLICATE', { key: ['k'] }, 'BIGINT id, BIGINT k'),
      node('out', 'SINK', 'shelf', {}, 'BIGINT id, BIGINT k'),
    ],
    [edge('numbers', 'once'), edge('once', 'out')],
    [['numbers', 'once', 'out']],
    [{ nodes: ['numbers', 'once', 'out'], stages: [['numbers']] }],
  )

test.each([{ cold: true }, { cold: false }])(
  'a checkpoint writes what was added, and a restore reads all of it: %j',
  async ({ cold }) => {
    const shelf = new Shelf()
    await withParts([shelf.connector], async (parts) => {
      const { results } = await drive(deduplicated(30_000), parts, { epochRecords: 1000, cold })
      expect(new Set(shelf.rows.map(([, k]) => k)).size).toBe(shelf.rows.length)
      const last = results.at(-1)!.states
      expect(last.length).toBeGreaterThan(2)
      expect(last.map(({ name }) => name)).toEqual([...last.map(({ name }) => name)].sort())
      expect(last.reduce((sum, { records }) => sum + records, 0)).toBe(shelf.rows.length)
      const names = new Set(last.map(({ path }) => path))
      expect(names.size).toBe(last.length)
    })
  },
)

test('parts become one again before there are many', async () => {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (parts) => {
    const { results } = await drive(deduplicated(10_000), parts, { epochRecords: 50 })
    expect(Math.max(...results.map(({ states }) => states.length))).toBeLessThanOrEqual(20)
    expect(new Set(shelf.rows.map(([, k]) => k)).size).toBe(shelf.rows.length)
  })
})
