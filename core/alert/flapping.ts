/** An alert that comes and goes is one alert: each time it has come back lately, it has to be quiet for longer. */
export const FLAP_WINDOW_MS = 3_600_000
const MAY_COME_BACK = 2
const FIRST_HOLD_MS = 5 * 60_000

/** How long the condition must not hold before the alert is over. */
export function holdMs(raisedLately: number): number {
  if (raisedLately <= MAY_COME_BACK) return 0
  return Math.min(FIRST_HOLD_MS * 2 ** (raisedLately - MAY_COME_BACK - 1), FLAP_WINDOW_MS)
}
