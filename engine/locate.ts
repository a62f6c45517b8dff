/**
 * Which record of a batch became row `r` at a point of the chain. Clean batches carry no such knowledge, so it is found
 * by running parts of the batch again and counting what arrives: good for chains that keep order and have no state.
 */
import type { Session } from '../duckdb/session.js'
import type { Chain } from './chain.js'
import { type Step, stepsBelow } from './chain.js'
import { computeBatch, isBadRecord } from './compute.js'

export interface Kept {
  /** Where the batch came into the chain. */
  readonly point: string
  /** The table that still holds it. */
  readonly table: string
  readonly records: number
  /** Records of it that failed before, by index. */
  readonly failed: readonly number[]
}

/** null: it cannot be told. Runs on the connection that computes, while no batch is being computed. */
export async function locateRows(
  session: Session,
  chain: Chain,
  kept: Kept,
  point: string,
  arrived: number,
  rows: readonly number[],
): Promise<ReadonlyMap<number, number | null>> {
  const path = pathTo(chain, kept.point, point)
  const unknown = () => new Map(rows.map((row) => [row, null]))
  if (path === null || path.some(hasState)) return unknown()
  if (kept.failed.length === 0 && path.every((step) => step.compiled.accounting === 'MAPS'))
    return new Map(rows.map((row) => [row, row]))
  try {
    if ((await countAt(session, path, kept, point, 0, kept.records)) !== arrived) return unknown()
    const found = new Map<number, number | null>()
    await search(session, path, kept, point, { from: 0, to: kept.records, before: 0 }, rows, found)
    return found
  } catch (error) {
    if (!isBadRecord(error)) throw error
    return unknown()
  }
}

/** The steps from one point to another, in order. */
function pathTo(chain: Chain, from: string, to: string): Step[] | null {
  const path: Step[] = []
  for (let at = to; at !== from; ) {
    const step = chain.steps.find((candidate) => candidate.point === at)
    if (step === undefined) return null
    path.unshift(step)
    const below = new Set(stepsBelow(chain, from).map((candidate) => candidate.point))
    const feed = step.feeds.find((candidate) => candidate === from || below.has(candidate))
    if (feed === undefined) return null
    at = feed
  }
  return path
}

function hasState({ compiled }: Step): boolean {
  return compiled.each === null || (compiled.absorb ?? []).length > 0 || (compiled.state ?? []).length > 0
}

async function search(
  session: Session,
  path: readonly Step[],
  kept: Kept,
  point: string,
  range: { readonly from: number; readonly to: number; readonly before: number },
  rows: readonly number[],
  found: Map<number, number | null>,
): Promise<void> {
  const { from, to, before } = range
  if (rows.length === 0) return
  if (to - from === 1) {
    for (const row of rows) found.set(row, from)
    return
  }
  const middle = (from + to) >> 1
  const border = before + (await countAt(session, path, kept, point, from, middle))
  const first = rows.filter((row) => row < border)
  const rest = rows.filter((row) => row >= border)
  await search(session, path, kept, point, { from, to: middle, before }, first, found)
  await search(session, path, kept, point, { from: middle, to, before: border }, rest, found)
}

/** How many rows reach the point from a part of the batch; leaves nothing behind. */
async function countAt(
  session: Session,
  path: readonly Step[],
  kept: Kept,
  point: string,
  from: number,
  to: number,
): Promise<number> {
  const without = kept.failed.length === 0 ? '' : ` AND rowid NOT IN (${kept.failed.join(', ')})`
  await session.run('BEGIN TRANSACTION')
  try {
    await session.run(
      `CREATE OR REPLACE TABLE ${kept.point} AS SELECT * FROM ${kept.table} WHERE rowid >= ${from} AND rowid < ${to}${without}`,
    )
    const records = await session.count(`SELECT count(*) FROM ${kept.point}`)
    return (await computeBatch(session, path, kept.point, records)).at.get(point) ?? 0
  } finally {
    await session.run('ROLLBACK')
  }
}
