import type { AlertNotificationStore } from '../../models/stores/alert-notification-store.js'
import type { AlertRuleStore } from '../../models/stores/alert-rule-store.js'
import type { AlertStore } from '../../models/stores/alert-store.js'
import type { Notifier } from '../../notify/notify.js'

/** What it takes to raise alerts and to tell of them; handed in by the worker. */
export interface AlertDeps {
  readonly alerts: Pick<AlertStore, 'rulesToEvaluate' | 'evaluate'>
  readonly notifications: AlertNotificationStore
  readonly rules: Pick<AlertRuleStore, 'channel'>
  readonly notifier: Notifier
  readonly warn: (details: object, message: string) => void
  readonly now: () => number
}
