/** Old rows go batch after batch, each archived before it goes, where that is wanted. */
import { JobError } from '../../core/errors/job-error.js'
import { countRows, type OldRows, oldestIds, removeIds } from '../../models/stores/maintenance/old-rows.js'
import { archiveAsParquet } from './archive-parquet.js'
import type { HouseWork } from './work.js'

/** Of a Parquet file: so many that files stay few. */
const LEAST_IN_A_FILE = 5000

/** Answers how many have gone, or would go. */
export async function removeOld(work: HouseWork, old: OldRows): Promise<number> {
  const { house, policy, dryRun, signal } = work
  if (dryRun) return await countRows(house, old)
  const asFile = old.isArchived && policy.archive === 'PARQUET'
  const asTable = old.isArchived && policy.archive === 'TABLE'
  const most = asFile ? Math.max(LEAST_IN_A_FILE, policy.batchRows) : policy.batchRows
  let removed = 0
  for (;;) {
    signal.throwIfAborted()
    const ids = await oldestIds(house, old, most)
    if (ids.length === 0) return removed
    if (asFile) await keepAsFile(work, old.table, ids)
    removed += await removeIds(house, old, ids, asTable)
  }
}

/**
 * Named by its oldest row, and removed all at once: a run that is broken off between the two writes the same file again,
 * with the same rows or more.
 */
async function keepAsFile(work: HouseWork, table: string, ids: readonly string[]): Promise<void> {
  const name = (ids[0] ?? '').padStart(20, '0')
  const rows = await archiveAsParquet(work, table, name, 'WHERE id IN (:ids) ORDER BY id', { ids })
  if (rows < ids.length)
    throw new JobError('internal', `The archive of ${table} holds ${rows} rows of ${ids.length} that are to go.`)
}
