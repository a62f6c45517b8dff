/** Keeps schedules going: Temporal held equal, missed times made up for, the past filled. Asked again, nothing happens twice. */
import { reportError } from '../../core/errors/job-error.js'
import type { Missed, ScheduleStore } from '../../models/stores/schedule-store.js'
import type { Log } from '../log.js'
import type { Starter } from '../starter.js'
import { toldTo } from '../sweep.js'
import type { ScheduleControl } from './schedule-control.js'
import { type Synced, syncJob, syncSchedules } from './sync.js'

export interface ScheduleKeeper {
  /** After a job was saved or deleted: does not wait. */
  follow(jobId: string, scheduleIdBefore: string | null): void
  /** Temporal made equal, what was missed made up for; passes do not overlap. */
  pass(): Promise<Kept>
  /** As many executions of backfills as have room. */
  fill(): Promise<number>
  close(): Promise<void>
}

export interface Kept extends Synced {
  readonly missed: readonly Missed[]
}

export interface KeeperOptions {
  readonly everyMs?: number
  readonly fillEveryMs?: number
  readonly nowMs?: () => number
  /** Whoever raises alarms is told here: an enabled schedule should have fired, and did not. */
  readonly onMissed?: (missed: Missed) => void
}

const EVERY_MS = 30_000
const FILL_EVERY_MS = 2000

export function openKeeper(
  held: ScheduleControl,
  schedules: ScheduleStore,
  starter: Pick<Starter, 'startTriggered'>,
  log: Log,
  { everyMs = EVERY_MS, fillEveryMs = FILL_EVERY_MS, nowMs = Date.now, onMissed }: KeeperOptions = {},
): ScheduleKeeper {
  const told = toldTo(log)
  const at = { held, schedules, nowMs, told }
  const following = new Set<Promise<unknown>>()
  const catchUp = async (): Promise<readonly Missed[]> => {
    const missed = await schedules.catchUp(new Date(nowMs()), told)
    for (const one of missed) {
      const { scheduleId, jobId, jobName, count, message } = one
      log.warn({ event: 'SCHEDULE_MISSED', scheduleId, jobId, jobName, count }, message)
      onMissed?.(one)
      await starter.startTriggered(
        one.madeUp.flatMap((fired) =>
          fired.isStarted ? [{ ...fired, triggerType: 'CRON' as const, message: null }] : [],
        ),
      )
    }
    return missed
  }
  const once = <T>(work: () => Promise<T>) => {
    let running: Promise<T> | null = null
    return (): Promise<T> => {
      running ??= work().finally(() => {
        running = null
      })
      return running
    }
  }
  const pass = once(async (): Promise<Kept> => {
    // What was missed does not wait for Temporal.
    const missed = await catchUp()
    return { ...(await syncSchedules(at)), missed }
  })
  const fill = once(async () => {
    const started = await schedules.advanceBackfills(told)
    await starter.startTriggered(started)
    return started.length
  })
  const note = (what: string) => (error: unknown) =>
    log.warn({ code: reportError(error).code }, `${what} failed; it is tried again`)
  const timers = [
    setInterval(() => void pass().catch(note('keeping schedules')), everyMs).unref(),
    setInterval(() => void fill().then(wentWell, onceOf(note('filling the past'))), fillEveryMs).unref(),
  ]
  let running: Promise<unknown> = Promise.resolve()
  let isFailing = false
  function wentWell() {
    isFailing = false
  }
  // Every other second would be too often to say so.
  function onceOf(say: (error: unknown) => void) {
    return (error: unknown) => {
      if (!isFailing) say(error)
      isFailing = true
    }
  }
  return {
    follow(jobId, scheduleIdBefore) {
      const work = syncJob(at, jobId, scheduleIdBefore)
        .catch(note('writing a schedule to Temporal'))
        .finally(() => following.delete(work))
      following.add(work)
    },
    pass: () => {
      const work = pass()
      running = work.catch(() => undefined)
      return work
    },
    fill,
    async close() {
      for (const timer of timers) clearInterval(timer)
      await Promise.allSettled([...following, running])
    },
  }
}
