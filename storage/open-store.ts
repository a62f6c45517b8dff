import { fileURLToPath } from 'node:url'
import { JobError } from '../core/errors/job-error.js'
import { directoryStore } from './directory-store.js'
import type { ObjectStore } from './store.js'

/** The store that `ETL_STORAGE_URL` names: `file:///folder`. */
export function openStore(url: string): ObjectStore {
  const scheme = /^([a-z][a-z0-9]*):\/\//.exec(url)?.[1]
  if (scheme === 'file') return directoryStore(folderOf(url))
  if (scheme === 's3' || scheme === 'webhdfs') {
    throw new JobError('environment.invalid', `Storage on ${scheme}:// is not available yet.`, {
      hint: 'Use file:///folder on a disk that all workers share.',
    })
  }
  throw new JobError('environment.invalid', 'The storage URL must look like file:///folder.')
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new JobError(
      'environment.invalid',
      'The storage URL must name an absolute folder, like file:///var/lib/etl.',
      {
        cause,
      },
    )
  }
}
