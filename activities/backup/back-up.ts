/** A backup: rows as of one moment, and the files of the checkpoint store that they need. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import { isDiscardable } from '../../core/execution/retention.js'
import {
  type BackupFile,
  type BackupManifest,
  type BackupTable,
  backupName,
  MANIFEST,
} from '../../core/maintenance/backup-manifest.js'
import { backedUp } from '../../models/stores/backup/backup-tables.js'
import { type Snapshot, withSnapshot } from '../../models/stores/backup/snapshot.js'
import { catalogueId } from '../../models/stores/maintenance/catalogue-id.js'
import { withHouseConnection } from '../../models/stores/maintenance/house-connection.js'
import { isThere } from '../../storage/is-there.js'
import type { ObjectStore } from '../../storage/store.js'
import { newSeal } from './seal.js'
import { type Writing, writeFile, writeRows } from './write-parts.js'

export interface BackupWish {
  readonly mysqlUrl: string
  readonly store: ObjectStore
  readonly scratch: string
  /** Where it goes. */
  readonly target: ObjectStore
  /** null: it is not encrypted. */
  readonly keys: string | null
  readonly history: boolean
  readonly now: () => number
  readonly signal: AbortSignal
}

const TRIES = 5

/**
 * State goes while it is copied, where a job advances: what has gone is not what the newest checkpoints need, so rows are
 * read again.
 */
export async function backUp(wish: BackupWish): Promise<BackupManifest> {
  const id = await withHouseConnection(wish.mysqlUrl, catalogueId)
  for (let tried = 1; ; tried += 1) {
    const done = await attempt(wish, id)
    if ('manifest' in done) return done.manifest
    if (tried < TRIES) continue
    throw new JobError('storage.failed', `${done.gone} is named by a checkpoint, and is not in the store.`, {
      hint: 'If a job gives up state faster than it is copied, raise checkpoint.grace_seconds; else see: etl maintenance run --only reconcile.',
    })
  }
}

type Attempted = { readonly manifest: BackupManifest } | { readonly gone: string }

async function attempt(wish: BackupWish, id: string): Promise<Attempted> {
  const { mysqlUrl, target, history, signal } = wish
  const createdAt = new Date(wish.now())
  const name = backupName(id, createdAt)
  await mkdir(wish.scratch, { recursive: true })
  const scratch = await mkdtemp(join(wish.scratch, 'backup-'))
  const seal = wish.keys === null ? null : newSeal(wish.keys)
  const writing: Writing = { store: target, name, scratch, seal, signal }
  try {
    return await withSnapshot(mysqlUrl, async (snapshot) => {
      const linked = await linkFiles(wish, snapshot, scratch)
      if ('gone' in linked) return linked
      const tables = await writeTables(writing, snapshot, history)
      const files: BackupFile[] = []
      for (const { key, path } of linked.kept) files.push({ key, ...(await writeFile(writing, `files/${key}`, path)) })
      const manifest: BackupManifest = {
        format: 1,
        name,
        createdAt: createdAt.toISOString(),
        catalogueId: id,
        history,
        migrations: snapshot.migrations,
        encryption: seal?.encryption ?? null,
        tables,
        files,
      }
      const mac = seal?.mac(JSON.stringify(manifest)) ?? null
      await target.putText(`${name}/${MANIFEST}`, JSON.stringify({ manifest, mac }))
      return { manifest }
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function writeTables(writing: Writing, snapshot: Snapshot, history: boolean): Promise<readonly BackupTable[]> {
  const tables: BackupTable[] = []
  for (const [table, { where }] of Object.entries(backedUp(history))) {
    const columns = await snapshot.columns(table)
    tables.push({
      table,
      columns,
      ...(await writeRows(writing, `rows/${table}.jsonl.gz`, snapshot.rows(table, where))),
    })
  }
  return tables
}

interface Linked {
  readonly key: string
  readonly path: string
}

/** At once after the snapshot began: in a folder a link costs nothing, and what is linked cannot go. */
async function linkFiles(
  { store, signal }: BackupWish,
  snapshot: Snapshot,
  scratch: string,
): Promise<{ readonly kept: readonly Linked[] } | { readonly gone: string }> {
  const kept: Linked[] = []
  for (const key of await neededFiles(store, snapshot)) {
    signal.throwIfAborted()
    try {
      kept.push({ key, path: await store.fetch(key, scratch) })
    } catch (error) {
      if (await isThere(store, key)) throw error
      return { gone: key }
    }
  }
  return { kept }
}

/** What checkpoints name; and of each pending plan what its epoch has captured and rejected, which nothing else can give again (I1). */
async function neededFiles(store: ObjectStore, snapshot: Snapshot): Promise<readonly string[]> {
  const named = await snapshot.query('SELECT DISTINCT state_path FROM etl_operator_state WHERE state_path IS NOT NULL')
  const pending = await snapshot.query(
    `SELECT c.lineage_id, MIN(c.epoch) FROM etl_checkpoint c
      WHERE c.checkpoint_type = 'PERIODIC' AND c.checkpoint_status IN ('IN_PROGRESS', 'FAILED') AND c.epoch >
            COALESCE((SELECT MAX(n.epoch) FROM etl_checkpoint n WHERE n.lineage_id = c.lineage_id AND n.checkpoint_status = 'COMPLETED'), 0)
      GROUP BY c.lineage_id`,
  )
  const keys = new Set(named.map(([path]) => path ?? ''))
  for (const [lineageId, epoch] of pending)
    for (const kind of ['capture', 'rejects'])
      for await (const { key } of store.list(`lineage/${lineageId}/${kind}/`))
        if (!isDiscardable(key, { named: keys, before: Number(epoch) })) keys.add(key)
  return [...keys].sort()
}
