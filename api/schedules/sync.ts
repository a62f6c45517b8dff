/** Makes Temporal's schedules equal to those of the catalogue, both ways. Asked again, it does nothing. */
import { createHash } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { compileCalendar } from '../../core/schedule/compile-calendar.js'
import { describeCron } from '../../core/schedule/describe-cron.js'
import { firstFire } from '../../core/schedule/fires.js'
import { parseCron } from '../../core/schedule/parse-cron.js'
import { openZone } from '../../core/schedule/zone.js'
import type { BackedSchedule, ScheduleStore, Told } from '../../models/stores/schedule-store.js'
import type { HeldSchedule, ScheduleControl } from './schedule-control.js'

export interface Syncing {
  readonly held: ScheduleControl
  readonly schedules: Pick<ScheduleStore, 'backed' | 'eachHeld'>
  readonly nowMs: () => number
  readonly told: Told
}

export interface Synced {
  readonly written: number
  readonly removed: number
}

export async function syncSchedules(at: Syncing): Promise<Synced> {
  // In this order: what is held was saved before.
  const held = await at.held.list()
  const backed = await at.schedules.backed()
  let written = 0
  const hold = async (schedule: BackedSchedule) => {
    const known = held.get(schedule.scheduleId)
    const isPaused = isPausedIn(schedule, at.nowMs())
    if (known !== undefined && known.isPaused === isPaused && isFresh(known.note, markOf(at, schedule), at.nowMs()))
      return
    await at.held.put(heldAs(at, schedule))
    written += 1
  }
  await at.schedules.eachHeld(backed, hold, at.told)
  const wanted = new Set(backed.map(({ scheduleId }) => scheduleId))
  const orphans = [...held.keys()].filter((scheduleId) => !wanted.has(scheduleId))
  for (const scheduleId of orphans) await at.held.remove(scheduleId)
  return { written, removed: orphans.length }
}

/** One job's, as it was saved just now; `scheduleIdBefore` is one that it may have had. */
export async function syncJob(at: Syncing, jobId: string, scheduleIdBefore: string | null): Promise<void> {
  const backed = await at.schedules.backed(jobId)
  await at.schedules.eachHeld(backed, (schedule) => at.held.put(heldAs(at, schedule)), at.told)
  if (scheduleIdBefore !== null && backed.every(({ scheduleId }) => scheduleId !== scheduleIdBefore))
    await at.held.remove(scheduleIdBefore)
}

function heldAs(at: Syncing, schedule: BackedSchedule): HeldSchedule {
  const { scheduleId, jobId, jitterMs, startTime, endTime, timezone } = schedule
  const read = readCalendar(schedule)
  const now = at.nowMs()
  // The server forgets one that has nothing to do for long: it is written from its next time on.
  const from = Math.max(now, (nextOf(schedule, now) ?? now) - DAY_MS)
  const { calendars, untilMs } =
    read !== null ? compileCalendar(read.cron, read.zone, from) : { calendars: [], untilMs: null }
  const said = read !== null ? `${describeCron(read.cron)} (${timezone})` : schedule.scheduleType
  return {
    scheduleId,
    jobId,
    calendars,
    startAt: startTime,
    endAt: endTime,
    jitterMs,
    isPaused: isPausedIn(schedule, now),
    note: `${said.slice(0, 300)} ${stamp(markOf(at, schedule), now, untilMs)}`,
  }
}

/** null: it has none. One that nobody can read any more would never come true, and nobody would be told. */
function readCalendar({ cronExpression, timezone }: BackedSchedule) {
  if (cronExpression === null) return null
  const parsed = parseCron(cronExpression)
  const hint = 'Save the job with another.'
  if (!parsed.ok)
    throw new JobError('spec.invalid', `Its expression \`${cronExpression}\` cannot be read any more.`, { hint })
  const zone = openZone(timezone)
  if (zone === null) throw new JobError('spec.invalid', `Its time zone \`${timezone}\` is not known here.`, { hint })
  return { cron: parsed.cron, zone }
}

/** One that has nothing left to do would be forgotten by the server, if it were not paused. */
function isPausedIn(schedule: BackedSchedule, nowMs: number): boolean {
  return schedule.scheduleType !== 'CRON' || !schedule.isEnabled || nextOf(schedule, nowMs) === null
}

function nextOf({ cronExpression, timezone, startTime, endTime }: BackedSchedule, nowMs: number): number | null {
  const [startAt, endAt] = [startTime?.toISOString() ?? null, endTime?.toISOString() ?? null]
  return firstFire({ cron: cronExpression, timezone, startAt, endAt }, nowMs)?.getTime() ?? null
}

const DAY_MS = 86_400_000

/** Changes whenever what is held would: raise it with the way in which calendars are written. */
const WRITTEN_AS = 1

function markOf({ held }: Syncing, schedule: BackedSchedule): string {
  const { jobId, scheduleType, cronExpression, timezone, jitterMs, startTime, endTime, isEnabled } = schedule
  const what = [jobId, scheduleType, cronExpression, timezone, jitterMs, startTime, endTime, isEnabled]
  // Time zones change their rules.
  const how = [WRITTEN_AS, process.versions.tz, held.isSearchable()]
  return createHash('sha256')
    .update(JSON.stringify([what, how]))
    .digest('hex')
    .slice(0, 12)
}

function stamp(mark: string, fromMs: number, untilMs: number | null): string {
  const day = (ms: number) => new Date(ms).toISOString()
  return `[${mark}, written ${day(fromMs)} until ${untilMs === null ? 'ever' : day(untilMs)}]`
}

/** Written anew long before it ends. */
function isFresh(note: string, mark: string, nowMs: number): boolean {
  const [, known, from, until] = /\[(\w+), written (\S+) until (\S+)\]$/.exec(note) ?? []
  if (known !== mark || from === undefined || until === undefined) return false
  return until === 'ever' || nowMs < (Date.parse(from) + Date.parse(until)) / 2
}
