import type { JobSettings } from '../spec/settings.js'

/** From this many records on a ratio means something. */
const leastForRatio = 1_000

/** Why there are more bad records than `onBadRecord` allows; null: there are not. FAIL allows none, and says so by itself. */
export function excess(
  { action, max, maxRatio }: JobSettings['onBadRecord'],
  { read, failed }: { readonly read: number; readonly failed: number },
): string | null {
  if (action === 'FAIL') return null
  if (max !== null && failed > max) return `${failed} records are bad; onBadRecord allows ${max}.`
  if (maxRatio === null || read < leastForRatio || failed <= maxRatio * read) return null
  return `${failed} of ${read} records are bad; onBadRecord allows a ratio of ${maxRatio}.`
}
