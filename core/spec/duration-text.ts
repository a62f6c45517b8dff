/** Durations and offsets as fields of a spec: how they are written, and that they are none that could not be kept. */
import { z } from 'zod'
import { DURATION, OFFSET, parseDuration } from './duration.js'

export const DURATION_EXPECTED = 'Expected a duration such as 500ms, 30s, 10m, 2h or 1d.'
const TOO_LONG = 'Expected 36500d (100 years) at most.'
/** What is not written well is told already. */
const canBeKept = (text: string) => !OFFSET.test(text) || parseDuration(text) !== null

export const durationText = (description: string) =>
  z.string(DURATION_EXPECTED).regex(DURATION, DURATION_EXPECTED).refine(canBeKept, TOO_LONG).describe(description)

/** May point backwards. */
export const offsetText = (description: string) =>
  z.string().regex(OFFSET, 'Expected an offset such as 15m or -8h.').refine(canBeKept, TOO_LONG).describe(description)
