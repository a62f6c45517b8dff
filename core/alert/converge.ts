/** One notification for a group and a window, which says how much it stands for. */
import type { GroupBy } from './rule.js'

/** An alert of a group, as far as telling it is concerned. */
export interface Untold {
  readonly alertId: string
  readonly occurrences: number
  /** How many of them have been told. */
  readonly toldOccurrences: number
  readonly isResolved: boolean
  readonly isAcknowledged: boolean
  /** Silenced, or inhibited. */
  readonly isQuiet: boolean
}

export interface GroupState {
  /** Of the newest notification; 0: there was none. */
  readonly number: number
  readonly lastMs: number | null
}

export interface Telling {
  readonly number: number
  readonly kind: 'FIRING' | 'REPEAT' | 'RESOLVED'
  /** Those with something new, and in a REPEAT those that go on. */
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
  /** What it stands for: occurrences that no notification before has told. */
  readonly occurrences: number
}

interface Pace {
  readonly windowMs: number
  readonly repeatMs: number
  readonly tellsResolved: boolean
}

/** `alerts`: those of the group that are open, and those resolved whose end was not told. null: nothing to say now. */
export function converge(alerts: readonly Untold[], group: GroupState, pace: Pace, nowMs: number): Telling | null {
  const { number, lastMs } = group
  if (lastMs !== null && nowMs - lastMs < pace.windowMs) return null
  const loud = alerts.filter((alert) => !alert.isQuiet)
  const news = loud.filter((alert) => alert.occurrences > alert.toldOccurrences)
  const over = loud.filter((alert) => alert.isResolved)
  // The end of what nobody was told of is told with what it stood for.
  const ended = pace.tellsResolved ? over : over.filter((alert) => news.includes(alert))
  const told = { number: number + 1, resolved: ids(ended) }
  const occurrences = news.reduce((sum, alert) => sum + alert.occurrences - alert.toldOccurrences, 0)
  const firing = ids(news.filter((alert) => !alert.isResolved))
  if (firing.length > 0) return { ...told, kind: 'FIRING', firing, occurrences }
  if (ended.length > 0) return { ...told, kind: 'RESOLVED', firing: [], occurrences }
  const isDue = pace.repeatMs > 0 && lastMs !== null && nowMs - lastMs >= pace.repeatMs
  const lasting = isDue ? loud.filter((alert) => !alert.isResolved && !alert.isAcknowledged) : []
  return lasting.length === 0 ? null : { ...told, kind: 'REPEAT', firing: ids(lasting), occurrences: 0 }
}

export function groupKeyOf(ruleId: string, groupBy: GroupBy, jobId: string | null): string {
  return groupBy === 'JOB' && jobId !== null ? `${ruleId}/${jobId}` : ruleId
}

const ids = (alerts: readonly Untold[]) => alerts.map(({ alertId }) => alertId)
