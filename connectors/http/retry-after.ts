/** Milliseconds that a server asks to wait: seconds, or a time by its own clock; null: it does not say. */
export function retryAfterMs(header: string | undefined, date: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  if (!/[a-z]/i.test(text)) return null
  const until = Date.parse(text)
  if (Number.isNaN(until)) return null
  const now = date === undefined ? Number.NaN : Date.parse(date)
  return Math.max(0, until - (Number.isNaN(now) ? nowMs : now))
}
