/** SESSION: what an epoch has changed is told by the keys of groups, since rows of one window may have other bounds. */
import { sameKeys } from '../columns.js'
import { stateTable } from '../operator.js'
import type { Clock } from '../state/clock.js'
import { rowsWithKeysOf } from '../state/set-rows.js'
import type { EpochChanges } from './epoch-changes.js'
import type { Kept } from './payload.js'

/**
 * All rows of a key that has changed stand anew, put together where that is possible: a restored state is the same. What
 * was taken away in the course of the epoch was over: should it be restored, it is not new, and goes when windows close.
 */
export function sessionChanges(
  nodeId: string,
  state: string,
  own: readonly string[],
  kept: Kept,
  clock: Clock,
  whole: (rows: string) => string,
): EpochChanges {
  const [changed, touched] = [stateTable(nodeId, 'changed'), stateTable(nodeId, 'touched')]
  const keys = own.join(', ')
  return {
    kept: { by: own, set: `SELECT * FROM ${changed}`, gone: `SELECT * FROM ${touched}` },
    note: (gone) => {
      const rows = `(SELECT * FROM ${rowsWithKeysOf(state, touched, own)} AND NOT coalesce(${gone}, false))`
      return [
        `CREATE OR REPLACE TABLE ${touched} AS SELECT DISTINCT ${keys} FROM ${state} WHERE newest >= ${clock.place} OR ${gone}`,
        `CREATE OR REPLACE TABLE ${changed} AS ${kept.merged === null ? `FROM ${rows}` : kept.merged(whole(rows))}`,
        ...(kept.merged === null
          ? []
          : [
              `DELETE FROM ${state} AS state USING ${touched} AS touched WHERE ${sameKeys('state', 'touched', own)}`,
              `INSERT INTO ${state} FROM ${changed}`,
            ]),
      ]
    },
  }
}
