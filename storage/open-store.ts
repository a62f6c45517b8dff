import { fileURLToPath } from 'node:url'
import { JobError } from '../core/errors/job-error.js'
import { directoryStore } from './directory-store.js'
import { s3Store } from './s3-store.js'
import { parseS3Url } from './s3-url.js'
import type { ObjectStore } from './store.js'

/** The store that `ETL_STORAGE_URL` names: `file:///folder`, `s3://bucket/prefix`. */
export function openStore(url: string): ObjectStore {
  const scheme = /^([a-z][a-z0-9]*):\/\//.exec(url)?.[1]
  if (scheme === 'file') return directoryStore(folderOf(url))
  if (scheme === 's3') return s3Store(parseS3Url(url))
  if (scheme === 'webhdfs') {
    throw new JobError(
      'environment.invalid',
      'Storage on webhdfs:// is not offered: there is no client for it that is looked after.',
      {
        hint: 'Use file:///folder on a disk that all workers share, or s3://bucket/prefix.',
      },
    )
  }
  throw new JobError('environment.invalid', 'The storage URL must look like file:///folder or s3://bucket/prefix.')
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
