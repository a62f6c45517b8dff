/** What an epoch has changed of windows with fixed bounds: a checkpoint holds only that. */
import { sameKeys } from '../columns.js'
import { type Changes, stateTable } from '../operator.js'
import type { Clock } from '../state/clock.js'
import { rowsWithKeysOf } from '../state/set-rows.js'
import type { Kept } from './payload.js'

export interface EpochChanges {
  readonly kept: Changes
  /** Statements while the clock stands as it did; `gone`: a condition over rows that the state is about to lose. */
  readonly note: (gone: string) => string[]
}

/** Rows of an epoch are put together with those of their windows, so that a restored state is the same to the last bit. */
export function changesOf(
  nodeId: string,
  state: string,
  names: readonly string[],
  kept: Kept,
  clock: Clock,
): EpochChanges {
  const [changed, gone] = [stateTable(nodeId, 'changed'), stateTable(nodeId, 'gone')]
  const added = `(SELECT * FROM ${state} WHERE newest >= ${clock.place})`
  return {
    kept: { by: names, set: `SELECT * FROM ${changed}`, gone: `SELECT * FROM ${gone}` },
    note: (condition) => {
      const stays = `NOT coalesce(${condition}, false)`
      const touched = `(SELECT * FROM ${rowsWithKeysOf(state, added, names)} AND ${stays})`
      const rows = kept.merged === null ? `SELECT * FROM ${added} WHERE ${stays}` : kept.merged(touched)
      return [
        `CREATE OR REPLACE TABLE ${gone} AS SELECT DISTINCT ${names.join(', ')} FROM ${state} WHERE ${condition}`,
        `CREATE OR REPLACE TABLE ${changed} AS ${rows}`,
        ...(kept.merged === null
          ? []
          : [
              `DELETE FROM ${state} AS state USING ${changed} AS changed WHERE ${sameKeys('state', 'changed', names)}`,
              `INSERT INTO ${state} FROM ${changed}`,
            ]),
      ]
    },
  }
}
