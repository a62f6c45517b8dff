/** Durations (`500ms 30s 10m 2h 1d`) and sizes (`64MiB`), as people write them. */
const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
} as const

export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
/** Where an offset is meant, it may point backwards. */
export const OFFSET = /^-?(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
export const SIZE = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$/

/** 100 years, so that whatever keeps it can: a longer one is none. */
export const LONGEST_MS = 36_500 * 86_400_000

/** Milliseconds, or null if it is not a duration or longer than 100 years. */
export function parseDuration(text: string): number | null {
  const match = OFFSET.exec(text)
  if (match === null) return null
  const size = Math.round(Number(match[1]) * MILLISECONDS[match[2] as keyof typeof MILLISECONDS])
  if (size > LONGEST_MS) return null
  return text.startsWith('-') && size !== 0 ? -size : size
}

/** Bytes, or null if it is not a size. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text)
  if (match === null) return null
  const size = Math.round(Number(match[1]) * BYTES[match[2] as keyof typeof BYTES])
  return Number.isSafeInteger(size) ? size : null
}

/** The shortest exact way to write it: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const unit = (['d', 'h', 'm', 's', 'ms'] as const).find((candidate) => ms % MILLISECONDS[candidate] === 0) ?? 'ms'
  return `${ms / MILLISECONDS[unit]}${unit}`
}
