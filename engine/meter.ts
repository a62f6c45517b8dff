/** Counters of the nodes of one chain during one epoch. */
import { addCounters, type Counters, noRecords } from '../core/record/counters.js'

export class Meter {
  private readonly counters = new Map<string, Counters>()

  constructor(nodeIds: readonly string[]) {
    for (const nodeId of nodeIds) this.counters.set(nodeId, noRecords)
  }

  add(nodeId: string, delta: Partial<Counters>): void {
    this.counters.set(nodeId, addCounters(this.counters.get(nodeId) ?? noRecords, { ...noRecords, ...delta }))
  }

  of(nodeId: string): Counters {
    return this.counters.get(nodeId) ?? noRecords
  }

  /** Times as whole milliseconds. */
  read(): Record<string, Counters> {
    const whole = (counters: Counters): Counters => ({
      ...counters,
      processingMs: Math.round(counters.processingMs),
      backpressureMs: Math.round(counters.backpressureMs),
    })
    return Object.fromEntries([...this.counters].map(([nodeId, counters]) => [nodeId, whole(counters)]))
  }
}
