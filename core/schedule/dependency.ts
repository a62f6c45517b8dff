/** Which ends of other jobs start a job that depends on them. Pure: facts in, rounds out. */

import type { TerminalStatus } from '../execution/status.js'
import { groupBy } from '../group-by.js'
import type { Dependency } from './schedule.js'

/** An execution of an upstream job has ended; this job has not made use of it yet. */
export interface Fact {
  readonly eventId: string
  readonly jobId: string
  readonly status: TerminalStatus
  readonly logicalTimeMs: number
  /** The logical time is one of a calendar, handed on from job to job. */
  readonly isScheduledTime: boolean
  readonly endedMs: number
}

/** What starts one execution, and uses up these facts. */
export interface Round {
  /** Among the rounds of the job: what has started one before starts none again. */
  readonly key: string
  readonly logicalTimeMs: number
  readonly isScheduledTime: boolean
  readonly eventIds: readonly string[]
}

export interface DependencyRule extends Omit<Dependency, 'on'> {
  /** Ids of the upstream jobs. */
  readonly jobIds: readonly string[]
}

/**
 * Rounds in the order of their logical times. A round of a calendar's time goes by that time alone, so that it is the same
 * round however often an upstream runs for it again; any other goes by the facts that make it.
 */
export function roundsOf(rule: DependencyRule, facts: readonly Fact[]): readonly Round[] {
  const fitting = facts.filter(
    ({ jobId, status }) => rule.jobIds.includes(jobId) && (rule.status === 'ANY' || status === rule.status),
  )
  const rounds = rule.require === 'ANY' ? roundsOfAny(fitting) : roundsOfAll(rule, fitting)
  return [...rounds].sort((a, b) => a.logicalTimeMs - b.logicalTimeMs)
}

function roundsOfAny(facts: readonly Fact[]): readonly Round[] {
  const [scheduled, others] = split(facts)
  const byTime = groupBy(scheduled, ({ jobId, logicalTimeMs }) => `${jobId}@${iso(logicalTimeMs)}`)
  return [
    ...[...byTime].map(([key, same]) => roundOf(key, same, same[0]!)),
    ...others.map((fact) => roundOf(fact.eventId, [fact], fact)),
  ]
}

function roundsOfAll(rule: DependencyRule, facts: readonly Fact[]): readonly Round[] {
  const [scheduled] = split(facts)
  const rounds: Round[] = []
  for (const [time, same] of groupBy(scheduled, ({ logicalTimeMs }) => iso(logicalTimeMs))) {
    const newest = newestOfEach(rule, same)
    if (newest !== null) rounds.push(roundOf(`@${time}`, same, newest[0]!))
  }
  const used = new Set(rounds.flatMap(({ eventIds }) => eventIds))
  const left = facts.filter(({ eventId }) => !used.has(eventId))
  const newest = newestOfEach(rule, left)
  // Times of a calendar are matched with their like only: two that differ are no round.
  if (newest === null || newest.every(({ isScheduledTime }) => isScheduledTime)) return rounds
  const last = newest.reduce((a, b) => (isOlder(a, b) ? b : a))
  // Older ends outside a calendar are made up for by the newest; those of a calendar wait for their own round.
  const madeUpFor = left.filter(({ isScheduledTime }) => !isScheduledTime)
  const { logicalTimeMs } = newest.reduce((a, b) => (a.logicalTimeMs > b.logicalTimeMs ? a : b))
  const eventIds = [...new Set([...newest, ...madeUpFor].map(({ eventId }) => eventId))]
  return [...rounds, { key: last.eventId, logicalTimeMs, isScheduledTime: false, eventIds }]
}

/** In the order of the rule; null: one is missing, or they ended too far from each other. */
function newestOfEach({ jobIds, withinMs }: DependencyRule, facts: readonly Fact[]): readonly Fact[] | null {
  const newest = new Map<string, Fact>()
  for (const fact of facts) {
    const known = newest.get(fact.jobId)
    if (known === undefined || isOlder(known, fact)) newest.set(fact.jobId, fact)
  }
  const found = jobIds.flatMap((jobId) => newest.get(jobId) ?? [])
  if (found.length < jobIds.length) return null
  const ended = found.map(({ endedMs }) => endedMs)
  return withinMs !== null && Math.max(...ended) - Math.min(...ended) > withinMs ? null : found
}

function isOlder(a: Fact, b: Fact): boolean {
  return a.endedMs < b.endedMs || (a.endedMs === b.endedMs && a.eventId < b.eventId)
}

function roundOf(key: string, facts: readonly Fact[], { logicalTimeMs, isScheduledTime }: Fact): Round {
  return { key, logicalTimeMs, isScheduledTime, eventIds: facts.map(({ eventId }) => eventId) }
}

function split(facts: readonly Fact[]): readonly [scheduled: readonly Fact[], others: readonly Fact[]] {
  return [facts.filter((fact) => fact.isScheduledTime), facts.filter((fact) => !fact.isScheduledTime)]
}

const iso = (ms: number) => new Date(ms).toISOString()
