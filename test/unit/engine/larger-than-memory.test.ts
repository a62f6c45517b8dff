/** Keyed state that does not fit in the memory of its session. The proof with larger figures: docs/proofs/state.md. */
import { expect, test } from '@jest/globals'
import { compileJob } from '../../../engine/compile-job.js'
import { drive, withParts } from './drive.js'
import { Shelf } from './shelf.js'

const mebibyte = 1024 * 1024
const memoryLimitBytes = Number(process.env.ETL_SPILL_MIB ?? 256) * mebibyte
const keys = Number(process.env.ETL_SPILL_KEYS ?? 1_000_000)

test('spills, and gives what it gives otherwise', async () => {
  const shelf = new Shelf()
  await withParts([shelf.connector], async (given) => {
    const parts = { ...given, memoryLimitBytes }
    const compiled = await compileJob(
      {
        name: 'large',
        type: 'STREAMING',
        nodes: [
          {
            id: 'in',
            source: 'shelf',
            config: {
              count: 2 * keys,
              // 300 bytes that do not compress: md5 of each number, nine times.
              select: `concat_ws('', ${Array.from({ length: 9 }, (_, at) => `md5(CAST(n % ${keys} + ${at} AS VARCHAR))`).join(', ')}) AS k, n`,
              types: { k: 'VARCHAR', n: 'BIGINT' },
              batch: 100_000,
            },
          },
          {
            id: 'keyed',
            operator: 'AGGREGATE',
            input: 'in',
            config: { groupBy: ['k'], aggregates: { c: 'count(*)', t: 'sum(n)' } },
          },
          // All groups leave; what arrives is counted, and not kept.
          {
            id: 'few',
            operator: 'FILTER',
            input: 'keyed',
            config: { where: `t < 2 * ${keys} AND t % 1000 = ${keys % 1000} AND c = 2` },
          },
          { id: 'out', sink: 'shelf', input: 'few', config: {} },
        ],
      },
      parts,
    )
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const { counters, standing } = await drive(compiled.graph, parts, {
      settings: { type: 'STREAMING' },
      epochRecords: Math.ceil(keys / 10),
    })
    expect(counters.keyed).toMatchObject({ in: 2 * keys, absorbed: 2 * keys, out: 2 * keys })
    expect(standing.states.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeGreaterThan(memoryLimitBytes)
    // t = n + (n + keys) = 2 n + keys.
    expect(shelf.rows).toHaveLength(
      Array.from({ length: keys }, (_, n) => n).filter((n) => 2 * n < keys && (2 * n) % 1000 === 0).length,
    )
  })
}, 1_800_000)
