/** Which record of a batch became row `r` at a point: needed when a sink refuses some of what has arrived there. */
import type { Session } from '../../duckdb/session.js'
import type { Chain, Step } from '../chain.js'
import { stepsBelow } from '../chain.js'
import { isBadRecord, runStep } from '../compute.js'
import {
  createOrigins,
  type FeedOrigins,
  givesOneAtMost,
  insertOrigins,
  itself,
  originsOf,
  originTable,
  tellsOrigins,
} from './origins.js'

export interface Kept {
  /** Where the batch came into the chain. */
  readonly point: string
  /** The table that still holds it. */
  readonly table: string
  readonly records: number
  /** Tables of origins by point, where the batch was told apart; null: it ran clean. */
  readonly origins: ReadonlyMap<string, string> | null
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
  const known = (found: ReadonlyMap<number, number>) => new Map(rows.map((row) => [row, found.get(row) ?? null]))
  if (path === null) return known(new Map())
  if (path.length === 0) return new Map(rows.map((row) => [row, row]))
  if (kept.origins !== null) {
    const table = kept.origins.get(point)
    return known(table === undefined ? new Map() : await originsOf(session, `SELECT * FROM ${table}`, rows))
  }
  if (path.some(hasState) || !path.every(tellsOrigins)) return known(new Map())
  if (path.every((step) => step.compiled.accounting === 'MAPS')) return new Map(rows.map((row) => [row, row]))
  // What records met depends on those before them.
  if (path.some(({ node }) => chain.timed.has(node.id))) return known(new Map())
  return known(await again(session, path, kept, arrived, rows))
}

/** Whether each row at a point is all that its record of the batch gives there. */
export function standsFor(chain: Chain, from: string, to: string): boolean {
  return pathTo(chain, from, to)?.every(givesOneAtMost) === true
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

/** Runs the batch through the path once more, following it; leaves nothing behind. */
async function again(
  session: Session,
  path: readonly Step[],
  kept: Kept,
  arrived: number,
  rows: readonly number[],
): Promise<Map<number, number>> {
  await session.run('BEGIN TRANSACTION')
  try {
    await session.run(`CREATE OR REPLACE TABLE ${kept.point} AS SELECT * FROM ${kept.table}`)
    let feed = kept.point
    let records = kept.records
    let origins: FeedOrigins = itself(kept.table)
    for (const step of path) {
      await session.run(createOrigins(step.point))
      const from = { feed, origins }
      const { out } = await runStep(session, step, records, null, () =>
        session.run(insertOrigins(step, from.feed, from.origins, 0)),
      )
      feed = step.point
      records = out
      origins = { select: `SELECT place, origin FROM ${originTable(step.point)}` }
    }
    return records === arrived ? await originsOf(session, origins.select, rows) : new Map()
  } catch (error) {
    if (!isBadRecord(error)) throw error
    return new Map()
  } finally {
    await session.run('ROLLBACK')
  }
}
