/**
 * After a batch has failed because of some of its records: step by step, each with the records it can take, in order, and
 * the bad ones told apart where they failed. Other branches, and other records that came of the same one, go on. Clean
 * data never comes here.
 */
import type { Counters } from '../../core/record/counters.js'
import type { Session } from '../../duckdb/session.js'
import { callApart } from '../call.js'
import type { Step } from '../chain.js'
import { type Computed, recordsInto } from '../compute.js'
import type { Stamps } from '../stamps.js'
import { type FeedOrigins, givesOneAtMost, itself, originsOf, originTable, tellsOrigins } from './origins.js'
import { StepApart } from './step-apart.js'

/** A record of the batch of which something failed at a node. */
export interface BadRecord {
  readonly nodeId: string
  /** Of the record in the batch; null: it cannot be told. */
  readonly index: number | null
  /** The record to keep: of the batch where it stands for what failed, else as it stood before the node. */
  readonly kept: { readonly point: string; readonly row: number }
  readonly code: string
  readonly message: string
}

export interface Isolated extends Computed {
  /** In source order. */
  readonly bad: readonly BadRecord[]
  /** Points for which a table of origins stands. */
  readonly followed: ReadonlySet<string>
}

export async function isolateBatch(
  session: Session,
  steps: readonly Step[],
  point: string,
  records: number,
  /** Of bad records that are of interest: the answer is worth nothing when there are as many. */
  most: number,
  stamps: Stamps,
): Promise<Isolated> {
  const at = new Map([[point, records]])
  const counted: (readonly [string, Partial<Counters>])[] = []
  const bad: BadRecord[] = []
  const origins = new Map<string, FeedOrigins | null>([[point, itself(point)]])
  const stands = new Set([point])
  for (const step of steps) {
    if (bad.length >= most) break
    const arrived = recordsInto(step, at)
    if (arrived === 0) continue
    const feed = step.feeds.find((candidate) => (at.get(candidate) ?? 0) > 0)!
    const from = origins.get(feed) ?? null
    const follows = from !== null && tellsOrigins(step)
    const { out, late, deltas, failed } =
      step.calling !== undefined
        ? await callApart(session, step, step.calling, arrived, most - bad.length)
        : await new StepApart(session, step, feed, follows ? originSelect(feed, from) : null, stamps).run(
            arrived,
            most - bad.length,
          )
    at.set(step.point, out)
    if (step.late !== null) at.set(step.late.point, late)
    if (stands.has(feed) && givesOneAtMost(step)) stands.add(step.point)
    origins.set(step.point, follows ? stored(step.point) : null)
    counted.push(...deltas.map((delta) => [step.node.id, delta] as const))
    if (failed.length === 0) continue
    counted.push([step.node.id, { in: failed.length, failed: failed.length }])
    const rows = failed.map(({ row }) => row)
    const found = from === null ? new Map<number, number>() : await originsOf(session, from.select, rows)
    for (const { row, code, message } of failed) {
      const index = found.get(row) ?? null
      const kept = index !== null && stands.has(feed) ? { point, row: index } : { point: feed, row }
      bad.push({ nodeId: step.node.id, index, kept, code, message })
    }
  }
  const followed = new Set([...origins].filter(([at, from]) => at !== point && from !== null).map(([at]) => at))
  return { at, counted, bad: bad.sort(bySource), followed }
}

/** While a step runs, the whole of its feed stands aside. */
function originSelect(feed: string, from: FeedOrigins): (whole: string) => string {
  return (whole) => (from.select === itself(feed).select ? itself(whole).select : from.select)
}

const stored = (point: string): FeedOrigins => ({ select: `SELECT place, origin FROM ${originTable(point)}` })

/** Of the same record those of earlier steps first, as they came. */
function bySource(a: BadRecord, b: BadRecord): number {
  return (a.index ?? Number.MAX_SAFE_INTEGER) - (b.index ?? Number.MAX_SAFE_INTEGER)
}
