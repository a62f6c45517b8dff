/**
 * A cron expression, read. Plain JSON. Values are sorted and without repetition; days of the week are 0 (Sunday) to 6.
 * Quartz has 6 or 7 fields, seconds first; Unix has 5.
 */
export type Cron = QuartzCron | UnixCron

export interface QuartzCron {
  readonly form: 'QUARTZ'
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly days: QuartzDays
  readonly months: readonly number[]
  /** Without a year field: all of them. */
  readonly years: readonly YearRange[]
}

/** Which days of a month: by their number, or by the day of the week. Quartz has the other field as `?`. */
export type QuartzDays =
  | {
      readonly by: 'DAY_OF_MONTH'
      readonly days: readonly MonthDay[]
      /** `15W`, `LW`: the weekday that is nearest to the day, in the same month. */
      readonly nearestWeekdays: readonly MonthDay[]
    }
  | { readonly by: 'DAY_OF_WEEK'; readonly weekdays: readonly number[] }
  /** `6#3`: the third Friday. */
  | { readonly by: 'NTH_WEEKDAY'; readonly weekday: number; readonly nth: number }
  /** `6L`: the last Friday. */
  | { readonly by: 'LAST_WEEKDAY'; readonly weekday: number }

/** A day by its number from the first, or by how many days it comes before the last (`L` is 0, `L-3` is 3). */
export type MonthDay = { readonly day: number } | { readonly beforeLast: number }

export interface YearRange {
  readonly from: number
  /** Null: without end. */
  readonly to: number | null
  readonly step: number
}

export interface UnixCron {
  readonly form: 'UNIX'
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly daysOfMonth: readonly number[]
  readonly months: readonly number[]
  readonly weekdays: readonly number[]
  /** EITHER where both day fields say something: a day of one of them is enough. */
  readonly days: 'BOTH' | 'EITHER'
  /** Hour or minute begin with `*`: it follows the clock's hands, and not times of the day, when clocks change. */
  readonly followsClock: boolean
}

export type CronField = 'seconds' | 'minutes' | 'hours' | 'day of month' | 'month' | 'day of week' | 'year'

/** Why an expression is refused. */
export interface CronProblem {
  /** Null: the expression as a whole. */
  readonly field: CronField | null
  readonly message: string
  readonly hint: string | null
}

export type ParsedCron =
  | { readonly ok: true; readonly cron: Cron }
  | { readonly ok: false; readonly problems: readonly CronProblem[] }
