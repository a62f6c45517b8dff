/**
 * Sends what is on its way to people, beside everything else: nobody waits for a receiver. At least once: a sender that dies
 * between sending and marking has it sent again, under the same id. One that fails is tried again later; its status says how
 * it stands.
 */
import type { Channel } from '../../core/alert/channel.js'
import { hasLane, type UnderWay } from '../../core/alert/lanes.js'
import type { Notification } from '../../core/alert/notification.js'
import { reportError } from '../../core/errors/job-error.js'
import { within } from '../../core/within.js'
import type { Due } from '../../models/stores/alert-notification-store.js'
import { NotTold } from '../../notify/errors.js'
import type { AlertDeps } from './deps.js'

export interface Delivery {
  /** Starts what is due and has a lane. */
  pass(): Promise<Passed>
  /** Nothing is under way. */
  idle(): Promise<void>
  /** Starts nothing any more. */
  stop(): void
}

export interface Passed {
  readonly started: number
  /** When the next attempt is due; null: none is planned. */
  readonly dueInMs: number | null
}

const LONGEST_ATTEMPT_MS = 90_000
/** Whoever has not answered by then makes room for others. */
const SLOW_MS = 5000
const LONGEST_SLEEP_MS = 60_000
const MOST_REMEMBERED = 1000

export function openDelivery(deps: AlertDeps): Delivery {
  const underWay = new Map<Promise<void>, { readonly receiver: string; readonly sinceMs: number }>()
  /** Receivers that failed the last time: they come last. */
  const failing = new Set<string>()
  const receivers = new Map<string, string>()
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let queued: Promise<Passed> | null = null
  let running: Promise<unknown> = Promise.resolve()

  const pass = (): Promise<Passed> => {
    queued ??= running.then(() => {
      queued = null
      return startDue()
    })
    running = queued.catch(() => undefined)
    return queued
  }
  /** By itself: the run of each minute makes up for what fails here. */
  const again = () =>
    void pass().catch((error: unknown) =>
      deps.warn({ code: reportError(error).code }, 'notifications could not be looked for'),
    )

  async function startDue(): Promise<Passed> {
    clearTimeout(timer)
    let [started, left] = [0, 0]
    const now = new Date(deps.now())
    for (const { due, receiver } of await inOrder(await deps.notifications.due(now))) {
      if (isStopped) break
      const isFree = hasLane({ receiver, isSlow: failing.has(receiver) }, [...underWay.values()].map(asUnderWay))
      if (!isFree) {
        left += 1
        continue
      }
      const notification = await deps.notifications.claim(due.id, now)
      if (notification === null) continue
      started += 1
      start(due, notification, receiver)
    }
    const next = await deps.notifications.nextDue(now)
    const dueInMs = next === null ? null : Math.max(0, next.getTime() - deps.now())
    const sleepMs = Math.min(dueInMs ?? LONGEST_SLEEP_MS, left > 0 ? SLOW_MS : LONGEST_SLEEP_MS)
    if (!isStopped && (dueInMs !== null || left > 0)) timer = setTimeout(again, sleepMs).unref()
    return { started, dueInMs }
  }

  async function inOrder(all: readonly Due[]) {
    const known = []
    for (const due of all) known.push({ due, receiver: await receiverOf(due) })
    return [
      ...known.filter(({ receiver }) => !failing.has(receiver)),
      ...known.filter(({ receiver }) => failing.has(receiver)),
    ]
  }

  /** Only for the order: sending asks for the channel as it is then. */
  async function receiverOf({ ruleId, channelName }: Due): Promise<string> {
    const place = `${ruleId}/${channelName}`
    if (receivers.size > MOST_REMEMBERED) receivers.clear()
    const known = receivers.get(place)
    if (known !== undefined) return known
    const channel = await deps.rules.channel(ruleId, channelName).catch(() => null)
    const receiver = channel === null ? place : (hostOf(channel) ?? place)
    receivers.set(place, receiver)
    return receiver
  }

  function asUnderWay({ receiver, sinceMs }: { readonly receiver: string; readonly sinceMs: number }): UnderWay {
    return { receiver, isSlow: failing.has(receiver) || performance.now() - sinceMs > SLOW_MS }
  }

  function start(due: Due, notification: Notification, receiver: string): void {
    const work = deliver(deps, due, notification)
      .then((hasArrived) => {
        if (hasArrived) failing.delete(receiver)
        else {
          if (failing.size > MOST_REMEMBERED) failing.clear()
          failing.add(receiver)
        }
      })
      // It is claimed for a while yet; then it is sent again.
      .catch((error: unknown) =>
        deps.warn({ code: reportError(error).code }, 'what became of a notification could not be stored'),
      )
      .finally(() => {
        underWay.delete(work)
        if (!isStopped) again()
      })
    underWay.set(work, { receiver, sinceMs: performance.now() })
  }

  return {
    async pass() {
      const passed = await pass()
      await deps.notifications.forgetOld(new Date(deps.now()))
      return passed
    },
    async idle() {
      await running
      while (underWay.size > 0) {
        await Promise.race(underWay.keys())
        await running
      }
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** Answers whether it has arrived. */
async function deliver(
  deps: AlertDeps,
  { id, ruleId, channelName }: Due,
  notification: Notification,
): Promise<boolean> {
  try {
    const channel = await deps.rules.channel(ruleId, channelName)
    if (channel === null) throw new NotTold('The rule has no such channel any more.', false)
    await within(deps.notifier.tell(channel, notification), LONGEST_ATTEMPT_MS, tookTooLong)
  } catch (error) {
    const { message, mayPass } = asNotTold(error)
    deps.warn({ ruleId, channel: channelName, mayPass, error: message }, 'a notification could not be delivered')
    await deps.notifications.failed(id, message, mayPass, new Date(deps.now()))
    return false
  }
  await deps.notifications.sent(id, new Date(deps.now()))
  return true
}

/** null: it is told by a secret only. */
function hostOf(channel: Channel): string | null {
  if (channel.type === 'EMAIL') return `${channel.host}:${channel.port ?? ''}`
  return URL.canParse(channel.url) ? new URL(channel.url).host : null
}

/** What the catalogue could not say (a key that is missing) is no fault of the channel, and may pass. */
function asNotTold(error: unknown): Pick<NotTold, 'message' | 'mayPass'> {
  return error instanceof NotTold ? error : { message: reportError(error).message, mayPass: true }
}

const tookTooLong = () => new NotTold('It took too long.', true)
