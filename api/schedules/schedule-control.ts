/** Schedules in Temporal: a clock that wakes an execution up. Whether the time counts is for MySQL to say. */
import {
  type CalendarSpec,
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client'
import type { TypedSearchAttributes } from '@temporalio/common'
import { QUEUES, WORKFLOW_TYPE } from '../../core/execution/workflow-names.js'
import type { UtcCalendar } from '../../core/schedule/utc-calendar.js'

/** How a schedule is to be held. */
export interface HeldSchedule {
  readonly scheduleId: string
  readonly jobId: string
  readonly calendars: readonly UtcCalendar[]
  readonly startAt: Date | null
  readonly endAt: Date | null
  readonly jitterMs: number
  readonly isPaused: boolean
  /** For people, and to tell whether it is held as it should be. */
  readonly note: string
}

export interface ScheduleControl {
  /** Those of ours, by their ids; the server's list may lag behind. */
  list(): Promise<ReadonlyMap<string, { readonly note: string; readonly isPaused: boolean }>>
  /** Makes it, or makes it as it should be. */
  put(schedule: HeldSchedule): Promise<void>
  /** Of one that is not there: nothing. */
  remove(scheduleId: string): Promise<void>
  /** Whether executions can be searched by job and trigger yet. */
  isSearchable(): boolean
}

/** The id of its workflows, to which Temporal adds the time. */
export const heldIdOf = (scheduleId: string) => `${PREFIX}${scheduleId}`
const PREFIX = 'etl-schedule/'

/** What Temporal itself makes up for when it was away; all else is the catch-up of the catalogue. */
const CATCH_UP = '1m'

export interface ControlParts {
  /** In time, and in errors of ours. */
  readonly guarded: <T>(work: () => Promise<T>) => Promise<T>
  /** null: executions cannot be searched yet. */
  readonly attributes: (jobId: string) => TypedSearchAttributes | null
}

export function scheduleControl(client: Client, { guarded, attributes }: ControlParts): ScheduleControl {
  return {
    isSearchable: () => attributes('') !== null,
    list: () =>
      guarded(async () => {
        const found = new Map<string, { note: string; isPaused: boolean }>()
        for await (const { scheduleId, state } of client.schedule.list({ pageSize: 1000 })) {
          if (!scheduleId.startsWith(PREFIX)) continue
          found.set(scheduleId.slice(PREFIX.length), { note: state.note ?? '', isPaused: state.paused })
        }
        return found
      }),
    put: (schedule) =>
      guarded(async () => {
        const options = optionsOf(schedule, attributes(schedule.jobId))
        try {
          await client.schedule.create(options)
        } catch (error) {
          if (!(error instanceof ScheduleAlreadyRunning)) throw error
          const { spec, action, policies, state } = options
          await client.schedule
            .getHandle(options.scheduleId)
            .update(() => ({ spec, action, policies: policies!, state: { paused: false, ...state } }))
        }
      }),
    remove: (scheduleId) =>
      guarded(async () => {
        try {
          await client.schedule.getHandle(heldIdOf(scheduleId)).delete()
        } catch (error) {
          if (!(error instanceof ScheduleNotFoundError)) throw error
        }
      }),
  }
}

function optionsOf(
  { scheduleId, calendars, startAt, endAt, jitterMs, isPaused, note }: HeldSchedule,
  attributes: TypedSearchAttributes | null,
): ScheduleOptions {
  return {
    scheduleId: heldIdOf(scheduleId),
    spec: {
      calendars: calendars.map(specOf),
      timezone: 'UTC',
      ...(startAt === null ? {} : { startAt }),
      ...(endAt === null ? {} : { endAt }),
      ...(jitterMs === 0 ? {} : { jitter: jitterMs }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      workflowId: heldIdOf(scheduleId),
      taskQueue: QUEUES.control,
      args: [{ scheduleId }],
      ...(attributes === null ? {} : { typedSearchAttributes: attributes }),
    },
    // How executions of a job meet is decided where all of them are known.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCH_UP, pauseOnFailure: false },
    state: { paused: isPaused, note },
  }
}

const MONTHS = ['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'].concat([
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
])
const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY']

function specOf({ seconds, minutes, hours, days, months, years, weekdays }: UtcCalendar): CalendarSpec {
  const named = (names: readonly string[], index: (value: number) => number) => (value: number) => names[index(value)]!
  return {
    second: ranges(seconds),
    minute: ranges(minutes),
    hour: ranges(hours),
    dayOfMonth: ranges(days),
    month: months.map(named(MONTHS, (month) => month - 1)) as CalendarSpec['month'] & string[],
    year: years.length === 0 ? '*' : ranges(years),
    dayOfWeek: weekdays.map(named(WEEKDAYS, (day) => day)) as CalendarSpec['dayOfWeek'] & string[],
  } as CalendarSpec
}

/** Runs of equal steps; the end is always given, as the SDK takes 1 for an end that is missing. */
function ranges(values: readonly number[]) {
  const found: { start: number; end: number; step: number }[] = []
  for (let index = 0; index < values.length; ) {
    const start = values[index]!
    const step = (values[index + 1] ?? start + 1) - start
    let last = index
    while (values[last + 1] === values[last]! + step) last++
    // A pair is two values.
    if (last === index + 1 && step > 1) last = index
    found.push({ start, end: values[last]!, step: last === index ? 1 : step })
    index = last + 1
  }
  return found
}
