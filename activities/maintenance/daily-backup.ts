/** A backup each day, where one is wanted, and the oldest of them go. */

import { backupOf, backupsToRemove, MANIFEST } from '../../core/maintenance/backup-manifest.js'
import type { Findings } from '../../core/maintenance/report.js'
import { backupPlan } from '../../models/stores/maintenance/backup-plan.js'
import { catalogueId } from '../../models/stores/maintenance/catalogue-id.js'
import type { ObjectStore } from '../../storage/store.js'
import { backUp } from '../backup/back-up.js'
import { openPlace } from '../backup/place.js'
import type { HouseWork } from './work.js'

export async function backUpDaily(work: HouseWork): Promise<Findings> {
  const { house, mysqlUrl, store, scratch, secretKey, dryRun, now, signal } = work
  const plan = await backupPlan(house, secretKey)
  if (plan.url === '') return { done: [], warnings: [] }
  const target = openPlace(plan.url)
  const id = await catalogueId(house)
  if (dryRun) return { done: [{ what: 'backups made', count: 1 }], warnings: [] }
  const manifest = await backUp({
    mysqlUrl,
    store,
    scratch,
    target,
    keys: plan.keys,
    history: plan.history,
    now,
    signal,
  })
  const { name, tables, files } = manifest
  const removed = await removeOldest(target, id, plan.retain, signal)
  const bytes = [...tables, ...files].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return {
    done: [
      { what: 'backups made', count: 1, names: [name] },
      { what: 'rows in it', count: tables.reduce((sum, { rows }) => sum + rows, 0) },
      { what: 'files in it', count: files.length },
      { what: 'KiB in it', count: Math.round(bytes / 1024) },
      { what: 'old backups removed', count: removed.length, names: removed },
    ],
    warnings: plan.keys === null ? ['Backups are not encrypted: set backup.encrypt.'] : [],
  }
}

async function removeOldest(
  target: ObjectStore,
  id: string,
  retain: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const keys = new Map<string, string[]>()
  for await (const { key } of target.list('etl-backup-')) {
    const name = backupOf(key, id)
    if (name !== null) keys.set(name, [...(keys.get(name) ?? []), key])
  }
  const found = [...keys].map(([name, of]) => ({ name, isWhole: of.includes(`${name}/${MANIFEST}`) }))
  const old = backupsToRemove(found, retain)
  for (const name of old) {
    signal.throwIfAborted()
    // Without it, what is left of it is no backup.
    await target.remove(`${name}/${MANIFEST}`)
    for (const key of keys.get(name) ?? []) await target.remove(key)
  }
  return old
}
