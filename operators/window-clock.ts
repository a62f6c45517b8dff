/** How far event time had come when windows were last told. */
import { type StateTable, stateTable } from './operator.js'

/** What WINDOW remembers of the last epoch: one row, or none. */
export interface Clock {
  readonly state: StateTable
  /** The watermark that it closed with, in milliseconds; NULL: none yet. */
  readonly at: string
  /** Rows of state from this place on have come since. */
  readonly place: string
}

export function clockOf(nodeId: string): Clock {
  const table = stateTable(nodeId, 'clock')
  return {
    state: {
      name: 'clock',
      type: 'VALUE',
      table,
      create: `CREATE TABLE ${table} (watermark BIGINT, place BIGINT)`,
      everywhere: true,
    },
    at: `(SELECT max(watermark) FROM ${table})`,
    place: `(SELECT coalesce(max(place), 0) FROM ${table})`,
  }
}

/** A window is over once this has passed: its last millisecond, in microseconds. */
export const lastMicros = (end: string): string => `(epoch_us(${end}) - 1000)`
