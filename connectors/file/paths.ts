import { access, constants, readlink, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'
import type { ConnectorContext } from '../spi.js'
import { fileFault } from './file-fault.js'
import { expandPattern } from './pattern.js'

/** A file as it was when it was listed; `size` and `mtimeMs` tell whether it changed since. */
export interface ListedFile {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
}

type Places = Pick<ConnectorContext, 'fileRoots' | 'base'>

/** The files that a path or pattern names, sorted by name. Throws `source.missing` if there are none. */
export async function listFiles(path: string, places: Places): Promise<readonly ListedFile[]> {
  const absolute = await absolutePath(path, places)
  const { paths, pattern } = await expandPattern(absolute)
  if (paths.length === 0 && pattern) {
    throw new JobError('source.missing', `No file matches ${path}.`, { pointer: '/path' })
  }
  const files: ListedFile[] = []
  for (const found of paths) {
    await insideRoots(found, path, places)
    files.push(await listFile(found))
  }
  return files
}

/** Throws `source.changed` if the file is not the one that was planned: a replay would not read the same records. */
export async function checkUnchanged(file: ListedFile): Promise<void> {
  const now = await stat(file.path).catch((error: unknown) => {
    throw fileFault(file.path, error)
  })
  if (now.size !== file.size || now.mtimeMs !== file.mtimeMs) {
    throw new JobError('source.changed', `The file ${file.path} changed after it was planned.`, {
      hint: 'Start a new execution, or write new data to a new file.',
    })
  }
}

/** Where a configured path points; a path that could leave the roots is refused. */
export async function absolutePath(path: string, places: Places): Promise<string> {
  const local = path.startsWith('file://') ? fileURLToPath(path) : path
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(local)) {
    throw new JobError('config.invalid', `Files on ${local.split('://', 1)[0]}:// are not available yet.`, {
      pointer: '/path',
    })
  }
  const absolute = resolve(places.base, local)
  await insideRoots(absolute, path, places)
  return absolute
}

/** Symbolic links count by where they lead. */
async function insideRoots(absolute: string, shown: string, { fileRoots }: Places): Promise<void> {
  if (fileRoots === null) return
  const real = await realPathOfExisting(absolute)
  for (const root of fileRoots) if (isBelow(await realpath(root).catch(() => resolve(root)), real)) return
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

async function listFile(path: string): Promise<ListedFile> {
  try {
    const facts = await stat(path)
    if (facts.isDirectory()) {
      throw new JobError('source.missing', `${path} is a folder; name its files, like ${join(path, '*.csv')}.`, {
        pointer: '/path',
      })
    }
    if (!facts.isFile()) throw new JobError('source.unreadable', `${path} is not a plain file.`, { pointer: '/path' })
    await access(path, constants.R_OK)
    return { path, size: facts.size, mtimeMs: facts.mtimeMs }
  } catch (error) {
    throw fileFault(path, error)
  }
}
