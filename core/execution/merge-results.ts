/** What an epoch's chain results add up to: everything that its checkpoint makes durable (I3). */
import type { JobGraph, Phase } from '../graph/job-graph.js'
import { type Counters, noRecords, type Share, sumCounters } from '../record/counters.js'
import type { ChainResult, StateHandle } from './chain-task.js'
import { withEpoch } from './epoch-times.js'
import type { SourceProgress } from './journal.js'
import { isDealtAlike } from './kept-by.js'
import type { Plan } from './plan.js'
import { isBuildState } from './state-names.js'
import { advanceAll, mergeSeen, type Watermarks } from './watermarks.js'

export interface Merged {
  readonly positions: Readonly<Record<string, SourceProgress>>
  readonly states: readonly StateHandle[]
  readonly counters: Readonly<Record<string, Counters>>
  readonly shares: Readonly<Record<string, Share>>
  readonly phaseEnded: boolean
  readonly durationMs: number
  readonly watermarks: Watermarks
}

export function mergeResults(
  graph: JobGraph,
  phase: Phase,
  plan: Plan,
  before: { readonly positions: Readonly<Record<string, SourceProgress>>; readonly states: readonly StateHandle[] },
  results: readonly ChainResult[],
  /** Since the epoch was planned. */
  elapsedMs: number,
): Merged {
  const counters = results.map((result) => result.counters).reduce(sumCounters, {})
  const durationMs = durationOf(results, elapsedMs)
  const reached = progressOfSources(plan, before.positions, results, counters, durationMs)
  const phaseEnded = Object.keys(plan.sources).every((nodeId) => reached[nodeId]?.end === true)
  return {
    positions: phaseEnded ? withoutRereads(graph, phase, reached) : reached,
    states: replaceStates(
      before.states,
      results.flatMap((result) => result.states),
    ),
    counters,
    shares: sharesOf(results),
    phaseEnded,
    durationMs,
    watermarks: advanceAll(graph, plan, mergeSeen(results.map(({ seen }) => seen ?? {}))),
  }
}

/**
 * Steps wait for one another, and for slots: that is part of an epoch. No epoch takes longer than its steps one after the
 * other: what is beyond was a pause, or the time until a lost worker was missed, and says nothing about the next epoch.
 */
function durationOf(results: readonly ChainResult[], elapsedMs: number): number {
  const each = results.map((result) => result.durationMs)
  const [longest, all] = [Math.max(1, ...each), each.reduce((sum, ms) => sum + ms, 0)]
  return Math.max(longest, Math.min(elapsedMs, all))
}

function sharesOf(results: readonly ChainResult[]): Record<string, Share> {
  const shares: Record<string, Share> = {}
  for (const { counters } of results)
    for (const [nodeId, { in: records }] of Object.entries(counters)) {
      const { subtasks, busiest } = shares[nodeId] ?? { subtasks: 0, busiest: 0 }
      shares[nodeId] = { subtasks: subtasks + 1, busiest: Math.max(busiest, records) }
    }
  return shares
}

function progressOfSources(
  plan: Plan,
  before: Readonly<Record<string, SourceProgress>>,
  results: readonly ChainResult[],
  counters: Readonly<Record<string, Counters>>,
  durationMs: number,
): Record<string, SourceProgress> {
  const progress: Record<string, SourceProgress> = { ...before }
  for (const [nodeId, planned] of Object.entries(plan.sources)) {
    const reached = results.map((result) => result.reached[nodeId]).find((candidate) => candidate !== undefined)
    const counted = counters[nodeId] ?? noRecords
    // Where the plan says how far the epoch goes, what a subtask has reached is only its own part of it.
    const endReached = planned.to === null && reached?.end === true
    progress[nodeId] = {
      position: planned.to ?? reached?.position ?? before[nodeId]?.position ?? null,
      end: planned.end || endReached || before[nodeId]?.end === true,
      lastRecords: counted.out + counted.failed,
      lastDurationMs: durationMs,
      times: withEpoch(before[nodeId]?.times, counted.out + counted.failed, durationMs),
      lastBudget: planned.budget,
    }
  }
  return progress
}

/** A source that a later phase reads too starts there from the beginning. */
function withoutRereads(
  graph: JobGraph,
  phase: Phase,
  positions: Readonly<Record<string, SourceProgress>>,
): Record<string, SourceProgress> {
  const later = new Set(graph.phases.filter((other) => other.number > phase.number).flatMap((other) => other.nodes))
  return Object.fromEntries(Object.entries(positions).filter(([nodeId]) => !later.has(nodeId)))
}

/**
 * A result tells the whole state of each subtask of a node that it mentions; what none mentions is unchanged. Build sides
 * are added to, whoever sends. Where state has been dealt anew, that of all subtasks before is gone.
 */
export function replaceStates(before: readonly StateHandle[], after: readonly StateHandle[]): StateHandle[] {
  const ownerOf = ({ nodeId, subtask }: StateHandle) => `${nodeId}\u0000${subtask}`
  const nameOf = (handle: StateHandle) => `${ownerOf(handle)}\u0000${handle.name}`
  const own = after.filter(({ name }) => !isBuildState(name))
  const told = new Set(own.map(ownerOf))
  const dealing = new Map(own.map(({ nodeId, by }) => [nodeId, by?.dealt]))
  const named = new Set(after.map(nameOf))
  const isDealtAnew = ({ nodeId, by }: StateHandle) => {
    const now = dealing.get(nodeId)
    return now !== undefined && by !== undefined && !isDealtAlike(now, by.dealt)
  }
  const stays = (handle: StateHandle) =>
    isBuildState(handle.name) ? !named.has(nameOf(handle)) : !told.has(ownerOf(handle)) && !isDealtAnew(handle)
  return [...before.filter(stays), ...after]
}
