/** Tells people of one notification, on one channel. */
import type { Channel } from '../core/alert/channel.js'
import type { Notification } from '../core/alert/notification.js'
import { isJobError } from '../core/errors/job-error.js'
import { reachOf } from '../network/addresses.js'
import { mail } from './email.js'
import { NotTold } from './errors.js'
import { withSecrets } from './secrets.js'
import { post } from './webhook.js'

export interface Notifier {
  /** Resolves once it has been taken; throws `NotTold`. The same notification may be sent again. */
  tell(channel: Channel, notification: Notification): Promise<void>
}

interface NotifierParts {
  /** As ETL_ALLOW_PRIVATE_HOSTS says it; null: anybody. */
  readonly privateHosts: readonly string[] | null
  /** What `${secret:NAME}` stands for; throws `not.found`. */
  readonly secret: (name: string) => Promise<string>
  readonly now: () => number
}

export function openNotifier({ privateHosts, secret, now }: NotifierParts): Notifier {
  const reach = reachOf(privateHosts)
  return {
    async tell(given, notification) {
      try {
        const channel = await withSecrets(given, secret)
        await (channel.type === 'EMAIL'
          ? mail(channel, notification, reach)
          : post(channel, notification, reach, now()))
      } catch (error) {
        throw asNotTold(error)
      }
    },
  }
}

function asNotTold(error: unknown): NotTold {
  if (error instanceof NotTold) return error
  // A host that may not be reached, a secret that does not exist: nobody but a person can help.
  if (isJobError(error)) return new NotTold(error.message, false, error)
  const code = codeOf(error)
  return new NotTold(code === null ? 'It could not be delivered.' : `It could not be delivered (${code}).`, true, error)
}

/** Of the innermost, which says what was wrong with the connection. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const inner = codeOf(error.cause)
  return inner ?? ('code' in error && typeof error.code === 'string' ? error.code : null)
}
