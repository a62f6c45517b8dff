/** A backup into an empty catalogue and store. Files first: a file without a row is waste, a row without its file a lie. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { BackupManifest } from '../../core/maintenance/backup-manifest.js'
import { readKeys } from '../../models/encryption.js'
import { migrate } from '../../models/migrate.js'
import { MIGRATIONS } from '../../models/schema/migrations.js'
import {
  emptyCatalogue,
  fenceOthersOut,
  forgetChain,
  isUsed,
  livingWorkers,
  loadRows,
} from '../../models/stores/backup/load.js'
import { type HouseConnection, withHouseConnection } from '../../models/stores/maintenance/house-connection.js'
import type { ObjectStore } from '../../storage/store.js'
import { openBackup } from './place.js'
import { type OpenBackup, readManifest, readRows, verifyParts, withPart } from './read-parts.js'

export interface RestoreWish {
  readonly mysqlUrl: string
  readonly store: ObjectStore
  readonly scratch: string
  /** Where the backup lies. */
  readonly from: string
  /** Any of them may open it. */
  readonly keys: readonly string[]
  /** ETL_SECRET_KEY: what is to open the secrets from now on. */
  readonly secretKey: string
  /** What the catalogue holds may go. */
  readonly force: boolean
  /** Secrets that no key opens are restored all the same: they have to be set anew. */
  readonly withoutKeys: boolean
  readonly log: (line: string) => void
}

export async function verifyBackup(wish: Pick<RestoreWish, 'from' | 'keys' | 'scratch'>): Promise<BackupManifest> {
  return await withOpenBackup(wish, async (backup) => {
    await verifyParts(backup)
    return backup.manifest
  })
}

/** All of it is read and checked before anything is written. Broken off, it is simply begun again, with `force`. */
export async function restoreBackup(wish: RestoreWish): Promise<BackupManifest> {
  return await withOpenBackup(wish, async (backup) => {
    const { manifest } = backup
    refuseNewer(manifest)
    refuseSealed(await verifyParts(backup), wish)
    wish.log(`${manifest.name} of ${manifest.createdAt} is whole`)
    await migrate(wish.mysqlUrl, { log: wish.log })
    await withHouseConnection(wish.mysqlUrl, async (house) => {
      await makeRoom(house, wish.force)
      for (const file of manifest.files)
        await withPart(backup, file, async (path) => void (await wish.store.put(file.key, path)))
      wish.log(`${manifest.files.length} files of the checkpoint store`)
      for (const table of manifest.tables)
        for await (const rows of readRows(backup, table)) await loadRows(house, table.table, table.columns, rows)
      await fenceOthersOut(house)
      await forgetChain(house)
      wish.log(`${manifest.tables.reduce((sum, { rows }) => sum + rows, 0)} rows`)
    })
    return manifest
  })
}

async function withOpenBackup<T>(
  { from, keys, scratch: parent }: Pick<RestoreWish, 'from' | 'keys' | 'scratch'>,
  run: (backup: OpenBackup) => Promise<T>,
): Promise<T> {
  await mkdir(parent, { recursive: true })
  const scratch = await mkdtemp(join(parent, 'restore-'))
  try {
    const { store, name } = openBackup(from)
    return await run(await readManifest(store, name, keys, scratch))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Nobody would notice before a job needs one of them. */
function refuseSealed(keyIds: ReadonlySet<string>, { secretKey, withoutKeys, log }: RestoreWish): void {
  const known = new Set(readKeys(secretKey).map(({ id }) => id))
  const missing = [...keyIds].filter((id) => !known.has(id)).sort()
  if (missing.length === 0) return
  const what = `secrets under ${missing.length === 1 ? 'a key that is' : 'keys that are'} not in ETL_SECRET_KEY: ${missing.join(', ')}`
  if (withoutKeys) {
    log(`${what}; they have to be set anew`)
    return
  }
  throw new JobError('environment.invalid', `The backup holds ${what}. Nothing was restored.`, {
    hint: 'Put the key of then into ETL_SECRET_KEY, behind the present one after a comma; or give --without-keys, and set those secrets anew.',
  })
}

function refuseNewer({ migrations }: BackupManifest): void {
  const known = new Set(MIGRATIONS.map(({ name }) => name))
  const newer = migrations.filter((name) => !known.has(name))
  if (newer.length === 0) return
  throw new JobError(
    'schema.newer',
    `The backup has steps of the schema that this version does not know: ${newer.join(', ')}.`,
    {
      hint: 'Restore it with the version that made it, or a newer one.',
    },
  )
}

async function makeRoom(house: HouseConnection, force: boolean): Promise<void> {
  const living = await livingWorkers(house)
  if (living > 0)
    throw new JobError(
      'conflict',
      `${living === 1 ? '1 worker is' : `${living} workers are`} at work on this catalogue.`,
      {
        hint: 'Stop API and workers first; a worker that was killed counts as gone after half a minute.',
      },
    )
  if (!(await isUsed(house))) return
  if (!force)
    throw new JobError('conflict', 'The catalogue is not empty: nothing was restored.', {
      hint: 'Restore into a new database (ETL_MYSQL_URL), or give --force to replace all that this one holds.',
    })
  await emptyCatalogue(house)
}
