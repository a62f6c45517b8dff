const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?)?Z?$/

/** Microseconds since 1970 of a date or a time in UTC; null: it is none. */
export function instant(written: string): bigint | null {
  const [, date, time = '00:00', fraction = ''] = ISO.exec(written) ?? []
  if (date === undefined) return null
  const at = new Date(`${date}T${time}Z`)
  // A day that a month has not becomes one of the next month.
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date)) return null
  return BigInt(at.getTime()) * 1000n + BigInt(fraction.padEnd(6, '0'))
}
