import { randomUUID } from 'node:crypto'
import { copyFile, link, open, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'

/** Creates a file with this text only if there is none; false if there was one. Durable when it resolves. */
export async function createExclusively(path: string, text: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${randomUUID()}`)
  try {
    await writeFile(temporary, text, { flush: true })
    await link(temporary, path)
    await syncPath(dirname(path))
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await removeFile(temporary)
  }
}

/** If it is there. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

/** Moves a finished file to its place, across devices too; the place never holds half of it. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await syncPath(from)
  await move(from, to)
  await syncPath(dirname(to))
}

/** The same, for whoever sees to it later that it lasts. */
export async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error
    const temporary = join(dirname(to), `.${randomUUID()}`)
    try {
      await copyFile(from, temporary)
      await syncPath(temporary)
      await rename(temporary, to)
    } finally {
      await removeFile(temporary)
    }
    await removeFile(from)
  }
}

/** Renames unless that was done before. */
export async function renameOnce(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

/** Of a file or a folder: a new name is durable only once its folder is. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What went wrong with a file that is written, for people. */
export function writeFault(path: string, error: unknown): JobError {
  if (error instanceof JobError) return error
  const code = errorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new JobError('disk.full', `No space is left for the files in ${path}.`, { cause: error })
  }
  if (code === undefined) return new JobError('internal', `Writing to ${path} failed unexpectedly.`, { cause: error })
  return new JobError('sink.refused', `Files in ${path} could not be written: ${code}.`, { cause: error })
}
