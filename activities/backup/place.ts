/** Where backups lie: a folder or a bucket, and in it a folder for each. */
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { JobError } from '../../core/errors/job-error.js'
import { openStore } from '../../storage/open-store.js'
import type { ObjectStore } from '../../storage/store.js'

/** A path, or a URL that a checkpoint store may have. */
export function openPlace(place: string): ObjectStore {
  return openStore(/^[a-z][a-z0-9]*:\/\//.test(place) ? place : pathToFileURL(resolve(place)).href)
}

/** One backup: `backups/etl-backup-…`, `s3://bucket/prefix/etl-backup-…?endpoint=…`. */
export function openBackup(place: string): { readonly store: ObjectStore; readonly name: string } {
  if (!/^[a-z][a-z0-9]*:\/\//.test(place)) {
    const path = resolve(place)
    return { store: openPlace(dirname(path)), name: basename(path) }
  }
  const [path = '', ...query] = place.split('?')
  const whole = path.replace(/\/+$/, '')
  const cut = whole.lastIndexOf('/')
  const name = whole.slice(cut + 1)
  if (!name.startsWith('etl-backup-'))
    throw new JobError('usage.invalid', `${path} does not name a backup: its last part begins with etl-backup-.`)
  return { store: openPlace([whole.slice(0, cut), ...query].join('?')), name }
}
