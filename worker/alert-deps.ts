/** What raising alerts and telling of them is made of. */
import type { AlertDeps } from '../activities/alert/deps.js'
import type { EngineParts } from '../engine/engine.js'
import type { Database } from '../models/database.js'
import { alertNotificationStore } from '../models/stores/alert-notification-store.js'
import { alertRuleStore } from '../models/stores/alert-rule-store.js'
import { alertStore } from '../models/stores/alert-store.js'
import { openNotifier } from '../notify/notify.js'

export function alertDeps(
  database: Database,
  { files, secret }: Pick<EngineParts, 'files' | 'secret'>,
  secretKey: string,
  log: { warn(details: object, message: string): void },
): AlertDeps {
  return {
    alerts: alertStore(database),
    notifications: alertNotificationStore(database),
    rules: alertRuleStore(database, secretKey),
    notifier: openNotifier({ privateHosts: files.privateHosts ?? [], secret, now: Date.now }),
    warn: (details, message) => log.warn(details, message),
    now: Date.now,
  }
}
