/** Old rows that each epoch has left go by and by, a few at a time, and in nobody's way (core/execution/thinning.ts). */
import { Op, type WhereOptions } from 'sequelize'
import { THINNING, thinOut } from '../../../core/execution/thinning.js'
import type { Database } from '../../database.js'
import { originOf } from './ownership.js'
import { rollUpMetrics } from './roll-up.js'

/** Read at once, and deleted by one statement. */
const SLICE = 5000
const CHUNK = 500

/** Of a lineage: its checkpoints; of an execution: its timeline and its metrics. Answers how many rows have gone. */
export async function thinOutRows(db: Database, executionId: string, nowMs: number): Promise<number> {
  const { lineageId } = await originOf(db, executionId)
  const before = new Date(nowMs - THINNING[0].afterMs)
  // Savepoints, what a fork starts from, and those that are retained have their state still; numbers of dropped plans stay used.
  const given = { lineageId, checkpointType: 'PERIODIC', checkpointStatus: 'COMPLETED', stateDiscarded: true } as const
  return (
    (await thinOutTable(checkpoints(db), { ...given, completeTime: { [Op.lt]: before } }, nowMs)) +
    (await thinOutTable(
      events(db),
      { executionId, eventType: 'CHECKPOINT_COMPLETED', eventTime: { [Op.lt]: before } },
      nowMs,
    )) +
    (await rollUpMetrics(db, executionId, nowMs))
  )
}

interface Aging {
  /** Oldest first, after `id`. */
  read(where: WhereOptions, after: string): Promise<readonly { readonly id: string; readonly atMs: number }[]>
  remove(ids: readonly string[]): Promise<number>
}

async function thinOutTable(table: Aging, where: WhereOptions, nowMs: number): Promise<number> {
  let removed = 0
  let after = '0'
  for (;;) {
    const rows = await table.read(where, after)
    const gone = thinOut(rows, nowMs).map(({ id }) => id)
    for (let from = 0; from < gone.length; from += CHUNK) removed += await table.remove(gone.slice(from, from + CHUNK))
    const [last, before] = [rows.at(-1), rows.at(-2)]
    if (rows.length < SLICE || last === undefined || before === undefined) return removed
    // The last one is judged together with those that follow it.
    after = before.id
  }
}

function checkpoints({ tables: { checkpoint } }: Database): Aging {
  return {
    read: async (where, after) => {
      const rows = await checkpoint.findAll({
        attributes: ['id', 'completeTime'],
        where: { [Op.and]: [where, { id: { [Op.gt]: after } }] },
        order: [['id', 'ASC']],
        limit: SLICE,
      })
      return rows.map((row) => ({ id: row.get().id, atMs: row.get().completeTime?.getTime() ?? 0 }))
    },
    remove: async (ids) => await checkpoint.destroy({ where: { id: { [Op.in]: [...ids] } } }),
  }
}

function events({ tables: { executionEvent } }: Database): Aging {
  return {
    read: async (where, after) => {
      const rows = await executionEvent.findAll({
        attributes: ['id', 'eventTime'],
        where: { [Op.and]: [where, { id: { [Op.gt]: after } }] },
        order: [['id', 'ASC']],
        limit: SLICE,
      })
      return rows.map((row) => ({ id: row.get().id, atMs: row.get().eventTime.getTime() }))
    },
    remove: async (ids) => await executionEvent.destroy({ where: { id: { [Op.in]: [...ids] } } }),
  }
}
