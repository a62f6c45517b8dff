import { nearestHint } from '../spec/nearest.js'
import type { ParsedCron } from './cron.js'
import { parseQuartz } from './parse-quartz.js'
import { parseUnix } from './parse-unix.js'

const LONGEST = 255

const NICKNAMES: Readonly<Record<string, string>> = {
  '@HOURLY': '0 * * * *',
  '@DAILY': '0 0 * * *',
  '@MIDNIGHT': '0 0 * * *',
  '@WEEKLY': '0 0 * * 0',
  '@MONTHLY': '0 0 1 * *',
  '@YEARLY': '0 0 1 1 *',
  '@ANNUALLY': '0 0 1 1 *',
}

/** Reads 5 fields as Unix (Vixie) cron, 6 and 7 as Quartz; capitals and small letters are the same. All that is wrong at once. */
export function parseCron(text: string): ParsedCron {
  const trimmed = text.trim().toUpperCase()
  if (trimmed.length > LONGEST) return refused(`The expression is longer than ${LONGEST} characters.`, null)
  if (trimmed.startsWith('@')) return parseNickname(trimmed)
  const parts = trimmed.split(/\s+/)
  switch (trimmed === '' ? 0 : parts.length) {
    case 5:
      return parseUnix(parts)
    case 6:
    case 7:
      return parseQuartz(parts)
    default:
      return refused(
        `The expression has ${trimmed === '' ? 'no' : parts.length} field${parts.length === 1 && trimmed !== '' ? '' : 's'}.`,
        'Unix has 5 (minute, hour, day of month, month, day of week); Quartz 6 (seconds first) or 7 (years last).',
      )
  }
}

function parseNickname(text: string): ParsedCron {
  const fields = NICKNAMES[text]
  if (fields !== undefined) return parseUnix(fields.split(' '))
  const known = Object.keys(NICKNAMES).map((name) => name.toLowerCase())
  return refused(
    `There is no \`${text.toLowerCase()}\`.`,
    nearestHint(text.toLowerCase(), known) ?? `There are ${known.join(', ')}.`,
  )
}

function refused(message: string, hint: string | null): ParsedCron {
  return { ok: false, problems: [{ field: null, message, hint }] }
}
