/** What people have asked of a workflow, as workflows/wishes.ts keeps it. */
import type { Savepoint } from '../../core/execution/control.js'

export const wishes = [
  'PAUSE',
  'RESUME',
  'SAVEPOINT',
  'SAVEPOINT_NOW',
  'STOP',
  'STOP_NOW',
  'DRAIN',
  'DRAIN_NOW',
] as const
export type Wish = (typeof wishes)[number]

export class Asked {
  isToPause = false
  private savepoints: { readonly kind: Exclude<Savepoint, 'none'>; readonly isNow: boolean }[] = []

  ask(wish: Wish, canStop: boolean): void {
    if (wish === 'PAUSE' || wish === 'RESUME') this.isToPause = wish === 'PAUSE'
    else {
      const kind = wish.startsWith('SAVEPOINT') ? 'continue' : wish.startsWith('STOP') ? 'stop' : 'drain'
      if (kind === 'continue' || canStop) this.savepoints.push({ kind, isNow: wish.endsWith('_NOW') })
    }
  }

  /** Whoever wants most decides. */
  savepoint(): Savepoint {
    for (const kind of ['drain', 'stop', 'continue'] as const)
      if (this.savepoints.some((one) => one.kind === kind)) return kind
    return 'none'
  }

  isNow(): boolean {
    return this.savepoints.some((one) => one.isNow)
  }

  /** A stop is wanted until the end has come. */
  saved(): void {
    this.savepoints = this.savepoints.filter(({ kind }) => kind !== 'continue')
  }
}
