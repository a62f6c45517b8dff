import { reportError } from '../../core/errors/job-error.js'
import type { Due } from '../../models/stores/alert-notification-store.js'
import { NotTold } from '../../notify/errors.js'
import type { AlertDeps } from './deps.js'

export interface Delivery {
  readonly sent: number
  readonly failed: number
  /** When the next attempt is due; null: nothing is on its way. */
  readonly dueInMs: number | null
}

/** Channels are asked beside one another: one that does not answer holds up its own notifications only. */
const LANES = 8
const LONGEST_ATTEMPT_MS = 90_000

/**
 * At least once: a sender that dies between sending and marking has it sent again, under the same id. One that fails is
 * tried again later; its status says how it stands.
 */
export async function deliverAlerts(deps: AlertDeps, signal: AbortSignal): Promise<Delivery> {
  const sum = { sent: 0, failed: 0 }
  const lane = async () => {
    while (!signal.aborted) {
      const due = await deps.notifications.claim(new Date(deps.now()))
      if (due === null) return
      if (await deliver(deps, due)) sum.sent += 1
      else sum.failed += 1
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const one of lanes) if (one.status === 'rejected') throw one.reason
  await deps.notifications.forgetOld(new Date(deps.now()))
  const next = await deps.notifications.nextDue()
  return { ...sum, dueInMs: next === null ? null : Math.max(0, next.getTime() - deps.now()) }
}

async function deliver(deps: AlertDeps, { id, ruleId, channelName, payload }: Due): Promise<boolean> {
  try {
    const channel = await deps.rules.channel(ruleId, channelName)
    if (channel === null) throw new NotTold('The rule has no such channel any more.', false)
    await withinTime(deps.notifier.tell(channel, payload))
  } catch (error) {
    const { message, mayPass } = asNotTold(error)
    deps.warn({ ruleId, channel: channelName, mayPass, error: message }, 'a notification could not be delivered')
    await deps.notifications.failed(id, message, mayPass, new Date(deps.now()))
    return false
  }
  await deps.notifications.sent(id, new Date(deps.now()))
  return true
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new NotTold('It took too long.', true)), LONGEST_ATTEMPT_MS)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What the catalogue could not say (a key that is missing) is no fault of the channel, and may pass. */
function asNotTold(error: unknown): Pick<NotTold, 'message' | 'mayPass'> {
  return error instanceof NotTold ? error : { message: reportError(error).message, mayPass: true }
}
