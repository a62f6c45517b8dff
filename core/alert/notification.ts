/** What one notification says, whichever way it goes. */
import type { AlertLevel } from './rule.js'
import type { AlertType } from './rule-types.js'
import type { Values } from './template.js'

export interface Notification {
  /** Unique, and the same when it is sent again: whoever receives it twice can tell. */
  readonly notificationId: string
  readonly kind: 'FIRING' | 'REPEAT' | 'RESOLVED' | 'TEST'
  readonly ruleId: string
  readonly rule: string
  readonly type: AlertType
  readonly level: AlertLevel
  readonly at: string
  /** Occurrences that no notification before has told. */
  readonly occurrences: number
  readonly firing: number
  readonly resolved: number
  /** The first of them. */
  readonly alerts: readonly NotifiedAlert[]
}

export interface NotifiedAlert {
  readonly alertId: string
  readonly state: 'FIRING' | 'RESOLVED'
  readonly jobId: string | null
  readonly job: string | null
  readonly executionId: string | null
  readonly message: string
  readonly value: number | null
  readonly threshold: number | null
  readonly occurrences: number
  readonly since: string
}

/** How many alerts a notification spells out. */
export const SPELLED_OUT = 20

export function valuesOf(notification: Notification): Values {
  const { alerts, kind, occurrences, firing, resolved, level, type } = notification
  const [first] = alerts
  const title = titleOf(notification)
  return {
    title,
    text: [title, ...alerts.map(lineOf), ...restOf(notification)].join('\n'),
    rule: notification.rule,
    type,
    level,
    state: kind,
    count: String(occurrences),
    alerts: String(firing + resolved),
    job: first?.job ?? '',
    message: first?.message ?? '',
    value: numberText(first?.value),
    threshold: numberText(first?.threshold),
    alertId: first?.alertId ?? '',
    executionId: first?.executionId ?? '',
    time: notification.at,
    notificationId: notification.notificationId,
  }
}

function titleOf({ kind, rule, type, level, occurrences, firing, resolved }: Notification): string {
  if (kind === 'TEST') return `[TEST] ${rule}: this is how its alerts will look`
  if (kind === 'REPEAT') return `[${level}] ${rule}: ${many(firing, 'alert')} still firing (${type})`
  const ended = resolved > 0 ? `${many(resolved, 'alert')} over` : null
  const newly = occurrences > 0 ? `${occurrences} new` : null
  const parts = [firing > 0 ? `${many(firing, 'alert')} firing` : null, ended, newly].filter((part) => part !== null)
  return `[${kind === 'RESOLVED' ? 'RESOLVED' : level}] ${rule}: ${parts.join(', ')} (${type})`
}

function lineOf({ state, job, message, occurrences, since, alertId, executionId }: NotifiedAlert): string {
  const times = occurrences > 1 ? ` ${occurrences} times` : ''
  const places = [executionId === null ? null : `execution ${executionId}`, `alert ${alertId}`]
  const where = places.filter((part) => part !== null).join(', ')
  return `- ${state}${job === null ? '' : ` ${job}:`} ${message}${times} since ${since} (${where})`
}

function restOf({ firing, resolved, alerts }: Notification): readonly string[] {
  const left = firing + resolved - alerts.length
  return left > 0 ? [`and ${left} more: etl alerts list`] : []
}

const many = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
const numberText = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value))
