/** Times of UTC as lists, of which every field must fit: what a scheduler without dialects and time zones can follow. */
export interface UtcCalendar {
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly days: readonly number[]
  /** 1 to 12. */
  readonly months: readonly number[]
  /** Empty: every year. */
  readonly years: readonly number[]
  /** 0 (Sunday) to 6. */
  readonly weekdays: readonly number[]
}

export const upTo = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

export const EVERY = { days: upTo(1, 31), months: upTo(1, 12), weekdays: upTo(0, 6), years: [] } as const
