import { readlink, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'
import type { ConnectorContext } from '../spi.js'
import { isInBucket } from './bucket-path.js'

type Places = Pick<ConnectorContext, 'fileRoots' | 'base'>

/** Where a configured path points; a path that could leave the roots is refused. */
export async function absolutePath(path: string, places: Places): Promise<string> {
  const local = path.startsWith('file://') ? fileURLToPath(path) : path
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(local)) {
    throw new JobError('config.invalid', `There are no files on ${local.split('://', 1)[0]}:// here.`, {
      pointer: '/path',
      hint: 'Paths begin with file:// or s3://, or name a folder of a disk.',
    })
  }
  const absolute = resolve(places.base, local)
  await insideRoots(absolute, path, places)
  return absolute
}

/** Symbolic links count by where they lead. */
export async function insideRoots(absolute: string, shown: string, { fileRoots }: Places): Promise<void> {
  if (fileRoots === null) return
  const real = await realPathOfExisting(absolute)
  const folders = fileRoots.filter((root) => !isInBucket(root))
  for (const root of folders) if (isBelow(await realpath(root).catch(() => resolve(root)), real)) return
  throw new JobError('config.invalid', `The path ${shown} lies outside the folders that file paths may touch.`, {
    pointer: '/path',
    hint: 'ETL_FILE_ROOTS names those folders.',
  })
}

/** The real path of the part that exists, and the rest as it is written. */
async function realPathOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const parent = dirname(path)
    if (parent === path || errorCode(error) === 'ELOOP') return path
    // A link whose target is still to be made leads there all the same.
    const leadsTo = await readlink(path).catch(() => null)
    if (leadsTo !== null) return await realPathOfExisting(resolve(await realPathOfExisting(parent), leadsTo))
    return join(await realPathOfExisting(parent), relative(parent, path))
  }
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`))
}
