/** Newer beats older at every commit; compared in this order (I2, I3). */
export interface Fence {
  readonly generation: number
  readonly attempt: number
  readonly epoch: number
  readonly activityAttempt: number
}

/** Negative: a is older than b. */
export function compareFences(a: Fence, b: Fence): number {
  return (
    a.generation - b.generation || a.attempt - b.attempt || a.epoch - b.epoch || a.activityAttempt - b.activityAttempt
  )
}

/** For file names: sorts as the fence compares. */
export function fenceName(fence: Fence): string {
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  return `${pad(fence.generation, 6)}-${pad(fence.attempt, 6)}-${pad(fence.epoch, 9)}-${pad(fence.activityAttempt, 4)}`
}
