/** When a notification that could not be delivered is tried again. */
const DELAYS_MS = [5_000, 20_000, 60_000, 180_000] as const

/** null: it has been tried often enough. `failures` counts from 1. */
export function retryDelayMs(failures: number): number | null {
  return DELAYS_MS[failures - 1] ?? null
}
