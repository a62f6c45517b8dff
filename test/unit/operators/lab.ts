/** A session with tables of records for the tests of operators. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import fc from 'fast-check'
import { openSession } from '../../../duckdb/open-session.js'
import type { Session } from '../../../duckdb/session.js'
import type { Operator } from '../../../operators/operator.js'
import { type OperatorRun, runOperator } from '../../support/run-operator.js'

/** Opens a session for the tests of a file. `session` is there once they run. */
export function useLab(): { readonly session: Session } {
  const lab: { session: Session } = { session: undefined as unknown as Session }
  const folder = mkdtempSync(join(tmpdir(), 'etl-operators-'))
  beforeAll(async () => {
    lab.session = await openSession({ folder, memoryLimitBytes: 512 * 1024 * 1024, threads: 2 })
  })
  afterAll(() => {
    lab.session.close()
    rmSync(folder, { recursive: true })
  })
  return lab
}

/** Sales with duplicates, gaps and every exact type: `records` of them, in table `name`. */
export async function makeSales(session: Session, name: string, records: number): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE "${name}" AS SELECT
    i::BIGINT AS id,
    CASE WHEN i % 11 = 5 THEN NULL ELSE 'city ' || (hash(i) % 7) END AS city,
    (hash(i * 7) % 3)::INTEGER AS grade,
    CASE WHEN i % 13 = 4 THEN NULL ELSE ((hash(i * 3) % 100000)::BIGINT - 50000) / 100 END::DECIMAL(12,2) AS amount,
    (hash(i * 5) % 1000)::DOUBLE / 8 AS weight,
    9007199254740993 + (hash(i * 9) % 1000)::BIGINT AS big,
    CASE WHEN i % 5 = 1 THEN NULL ELSE hash(i * 2) % 2 = 0 END AS paid,
    DATE '2026-01-01' + (hash(i * 4) % 30)::INTEGER AS day,
    [x FOR x IN range((hash(i * 6) % 4)::BIGINT) IF x >= 0] AS tags
    FROM range(${records}) t(i)`)
}

/** How a run may be cut into batches, and whether state is restored between them. */
export const anyCuts = (records: number) =>
  fc.record({ cuts: fc.array(fc.nat({ max: records }), { maxLength: 5 }), restore: fc.boolean() })

/** Runs the operator over random cuts, and gives each result to `expectSame`. */
export async function overAnyCuts(
  session: Session,
  operator: Operator,
  config: unknown,
  inputs: Readonly<Record<string, string>>,
  records: number,
  expectSame: (run: OperatorRun) => void,
  time?: string,
): Promise<void> {
  const once = (cutting: { cuts: number[]; restore: boolean }) =>
    runOperator(session, { operator, config, inputs, ...(time === undefined ? {} : { time }), ...cutting })
  expectSame(await once({ cuts: [], restore: false }))
  await fc.assert(
    fc.asyncProperty(anyCuts(records), async (cutting) => expectSame(await once(cutting))),
    { numRuns: 8 },
  )
}

/** DOUBLE sums depend on the order of adding in their last bits; everything else is compared exactly. */
export function rounded(rows: readonly (readonly unknown[])[]): unknown[][] {
  return rows.map((row) => row.map((value) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value)))
}
