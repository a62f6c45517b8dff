import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type OpenBackup, readManifest, verifyParts } from '../../../../activities/backup/read-parts.js'
import { writeFile as writePart } from '../../../../activities/backup/write-parts.js'
import { type BackupManifest, MANIFEST } from '../../../../core/maintenance/backup-manifest.js'
import { directoryStore } from '../../../../storage/directory-store.js'
import type { ObjectStore } from '../../../../storage/store.js'

const name = 'etl-backup-12345678-20260101T000000000Z'

describe('a part of a backup', () => {
  let folder: string
  let store: ObjectStore
  let backup: OpenBackup

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etl-backup-'))
    const scratch = join(folder, 'scratch')
    await mkdir(scratch)
    store = directoryStore(join(folder, 'store'))
    await writeFile(join(folder, 'state'), 'state')
    const writing = { store, name, scratch, seal: null, signal: new AbortController().signal }
    const part = await writePart(writing, 'files/state', join(folder, 'state'))
    await store.putText(`${name}/${MANIFEST}`, JSON.stringify({ manifest: manifestOf(part), mac: null }))
    backup = await readManifest(store, name, [], scratch)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('that is there is whole', async () => {
    expect(await verifyParts(backup)).toEqual(new Set())
  })

  test('that is gone makes the backup a damaged one', async () => {
    await store.remove(`${name}/files/state`)
    await expect(verifyParts(backup)).rejects.toMatchObject({
      code: 'backup.damaged',
      message: 'The backup has lost files/state.',
    })
  })

  test('is not lost because its store is away', async () => {
    await rename(join(folder, 'store'), join(folder, 'elsewhere'))
    await writeFile(join(folder, 'store'), 'no folder')
    await expect(verifyParts(backup)).rejects.toMatchObject({ code: 'storage.failed' })
  })

  test('is not lost because it cannot be read just now', async () => {
    const trouble = new Error('the disk has no answer')
    const failing = { ...store, fetch: () => Promise.reject(trouble) }
    await expect(verifyParts({ ...backup, store: failing })).rejects.toBe(trouble)
  })
})

function manifestOf(part: Awaited<ReturnType<typeof writePart>>): BackupManifest {
  return {
    format: 1,
    name,
    createdAt: '2026-01-01T00:00:00.000Z',
    catalogueId: '12345678-0000-4000-8000-000000000000',
    migrations: [],
    history: false,
    encryption: null,
    tables: [],
    files: [{ ...part, key: 'lineage/a/state' }],
  }
}
