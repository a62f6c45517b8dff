import { parseDuration } from '../spec/duration.js'
import type { JobSpec } from '../spec/schema.js'
import type { CatchUp, Schedule } from './schedule.js'

/** Of a spec that was found valid; null: it has none. */
export function readSchedule(spec: object): Schedule | null {
  const { schedule: given } = spec as Pick<JobSpec, 'schedule'>
  if (given === undefined || given === null) return null
  const shared = {
    isEnabled: given.enabled ?? true,
    parameters: Object.fromEntries(
      Object.entries(given.parameters ?? {}).map(([name, value]) => [name, String(value)]),
    ),
  }
  switch (given.type) {
    case 'IMMEDIATE':
      return { ...nothing, ...shared, type: 'IMMEDIATE' }
    case 'CRON':
      return {
        ...nothing,
        ...shared,
        type: 'CRON',
        cron: given.cron.trim(),
        timezone: given.timezone ?? 'UTC',
        catchUp: readCatchUp(given.catchUp ?? 'LAST'),
        jitterMs: given.jitter === undefined ? 0 : parseDuration(given.jitter)!,
        startAt: given.startAt ?? null,
        endAt: given.endAt ?? null,
      }
    case 'DEPENDENCY': {
      const { on, require = 'ALL', status = 'COMPLETED', within } = given
      const withinMs = within === undefined ? null : parseDuration(within)
      return { ...nothing, ...shared, type: 'DEPENDENCY', dependency: { on, require, status, withinMs } }
    }
    case 'EVENT':
      return { ...nothing, ...shared, type: 'EVENT', event: { type: given.event, where: given.where ?? null } }
  }
}

const nothing = {
  cron: null,
  timezone: 'UTC',
  catchUp: { mode: 'NONE', max: null },
  jitterMs: 0,
  startAt: null,
  endAt: null,
  dependency: null,
  event: null,
} as const

/** `ALL(10)` */
function readCatchUp(text: string): CatchUp {
  const [, mode, max] = /^(NONE|LAST|ALL)(?:\((\d+)\))?$/.exec(text)!
  return { mode: mode as CatchUp['mode'], max: max === undefined ? null : Number(max) }
}
