import type { Budget } from '../../core/execution/plan.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { SourcePlan } from '../spi.js'
import type { HttpSourceConfig } from './config.js'
import { firstPage } from './pages.js'
import type { HttpPosition, HttpSplit, Newest } from './position.js'

/** The next pages of the round; after its end a new one, if it is time for that and there is something to ask from. */
export function planRound(
  config: HttpSourceConfig,
  from: HttpPosition | null,
  budget: Budget,
  parallelism: number,
  nowMs: number,
): SourcePlan {
  const begins = roundToRead(config, from, nowMs)
  const nothing = Array.from({ length: parallelism }, (): HttpSplit[] => [])
  if (begins === null) return { splits: nothing, to: from, end: config.interval === undefined }
  const split: HttpSplit = { from: begins, records: Math.max(1, budget.records), bytes: Math.max(1, budget.bytes) }
  return { splits: [[split], ...nothing.slice(1)], to: null, end: false }
}

/** Milliseconds until the next round is due; 0: now. */
export function dueInMs({ interval }: HttpSourceConfig, from: HttpPosition, nowMs: number): number {
  if (from.page !== null || interval === undefined) return 0
  return Math.max(0, (from.endedAt ?? 0) + (parseDuration(interval) ?? 0) - nowMs)
}

/** What the very first round asks from. */
export function firstNewest({ incremental }: HttpSourceConfig): Newest | null {
  return incremental?.from === undefined ? null : { value: JSON.stringify(incremental.from), seen: [] }
}

function roundToRead(config: HttpSourceConfig, from: HttpPosition | null, nowMs: number): HttpPosition | null {
  const { interval, incremental } = config
  if (from === null) return newRound(config, firstNewest(config))
  if (from.page !== null) return from
  // Without anything to ask from, a BATCH job that goes on would read all of it again.
  if (interval === undefined && incremental === undefined) return null
  return dueInMs(config, from, nowMs) > 0 ? null : newRound(config, from.newest)
}

function newRound(config: HttpSourceConfig, since: Newest | null): HttpPosition {
  return { since, newest: since, page: firstPage(config), before: null, endedAt: null }
}
