/** What fails, in which kind of job, and what is to become of it: every pair of them is accounted for. */
import { describe, expect, test } from '@jest/globals'
import type { JobSettings } from '../../../core/spec/settings.js'
import { chainOf, drive, edge, node, withParts } from './drive.js'
import { Shelf } from './shelf.js'

/** Two records of a thousand fail: the source can name only the 13th. */
const kinds = {
  parse: {
    select: "CASE WHEN n % 1000 = 13 THEN CAST('x' AS BIGINT) ELSE n END AS n, n::VARCHAR AS s",
    bad: 3,
    at: 'numbers',
  },
  cast: { select: "n, CASE WHEN n % 500 = 13 THEN 'x' ELSE n::VARCHAR END AS s", bad: 6, at: 'work' },
  evaluate: {
    select: 'n, n::VARCHAR AS s',
    work: { set: { s: 'ln(abs(n % 500 - 13))::VARCHAR' } },
    bad: 6,
    at: 'work',
  },
  write: { select: 'n, n::VARCHAR AS s', refuse: 'n % 500 = 13', bad: 6, at: 'shelf' },
} as const
const records = 3_000

async function run(kind: keyof typeof kinds, type: JobSettings['type'], onBadRecord: JobSettings['onBadRecord']) {
  const { select, at: _at, bad: _bad, ...more } = kinds[kind]
  const work = 'work' in more ? more.work : { cast: { s: kind === 'cast' ? 'BIGINT' : 'VARCHAR' } }
  const output = kind === 'cast' ? 'BIGINT s' : 'VARCHAR s'
  const target = new Shelf()
  let driven: Awaited<ReturnType<typeof drive>> | null = null
  let failure: unknown = null
  await withParts([target.connector], async (parts) => {
    const graph = chainOf(
      [
        node('numbers', 'SOURCE', 'shelf', { count: records, select }, 'BIGINT n, VARCHAR s'),
        node('work', 'OPERATOR', 'MAP', work, `BIGINT n, ${output}`),
        node('shelf', 'SINK', 'shelf', 'refuse' in more ? { refuse: more.refuse } : {}, `BIGINT n, ${output}`),
      ],
      [edge('numbers', 'work'), edge('work', 'shelf')],
    )
    try {
      driven = await drive(graph, parts, { settings: { type, onBadRecord } })
    } catch (error) {
      failure = error
    }
  })
  return { driven: driven as Awaited<ReturnType<typeof drive>> | null, failure, rows: target.rows.length }
}

const types = ['BATCH', 'STREAMING'] as const
const all = (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) => types.map((type) => [kind, type] as const))

describe.each(all)('records that fail to %s in %s', (kind, type) => {
  const { bad, at } = kinds[kind]
  const policy = (
    action: JobSettings['onBadRecord']['action'],
    max: number | null = null,
    maxRatio: number | null = null,
  ) => run(kind, type, { action, max, maxRatio })

  test('end the job, and nothing is written', async () => {
    const { failure, rows } = await policy('FAIL')
    expect(failure).toMatchObject({ code: 'record.bad', nodeId: at })
    expect(rows).toBe(0)
  })

  test.each(['SKIP', 'DEAD_LETTER'] as const)('are counted, and kept or not: %s', async (action) => {
    const { driven, rows } = await policy(action)
    expect(rows).toBe(records - bad)
    expect(driven?.counters[at]).toMatchObject({ failed: bad })
    expect(driven?.rejected).toHaveLength(action === 'SKIP' ? 0 : bad)
    for (const rejected of driven?.rejected ?? [])
      expect(rejected).toMatchObject({ nodeId: at, of: 'numbers', place: { line: expect.any(Number) } })
  })

  test('are as many as is allowed, and no more', async () => {
    expect(await policy('SKIP', bad)).toMatchObject({ failure: null, rows: records - bad })
    expect(await policy('SKIP', bad - 1)).toMatchObject({ failure: { code: 'record.tolerance' }, rows: 0 })
    expect(await policy('DEAD_LETTER', null, bad / records)).toMatchObject({ failure: null, rows: records - bad })
    const less = bad / records - 0.0001
    expect(await policy('DEAD_LETTER', null, less)).toMatchObject({ failure: { code: 'record.tolerance' }, rows: 0 })
  })
})
