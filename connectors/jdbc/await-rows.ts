import { setTimeout as sleep } from 'node:timers/promises'
import { parseDuration } from '../../core/spec/duration.js'
import type { JdbcConnection } from './config.js'
import { planTable, type Table } from './plan-table.js'
import type { JdbcPosition } from './position.js'
import { withSharedConnection } from './shared-connection.js'

const usualMs = 1000
/** It is only asked whether there is anything. */
const least = { records: 1, bytes: 1 }

/** Looks each `interval` whether there are rows after `from`. */
export async function awaitRows(
  access: JdbcConnection,
  table: Omit<Table, 'db'>,
  from: JdbcPosition | null,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = parseDuration(table.config.interval ?? '') ?? usualMs
  await withSharedConnection(table.dialect, access, async (ask) => {
    for (;;) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const { splits } = await ask((db) => planTable({ ...table, db }, from, least, 1))
      if (splits.some((split) => split.length > 0)) return
    }
  })
}
