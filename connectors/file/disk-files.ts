import { randomUUID } from 'node:crypto'
import { access, constants, copyFile, link, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { ConnectorContext } from '../spi.js'
import { awaitFiles } from './await-files.js'
import { changed, fileFault, noSpaceHere } from './file-fault.js'
import type { Files, ListedFile, Lying } from './files.js'
import { absolutePath, insideRoots } from './paths.js'
import { expandPattern } from './pattern.js'

export const onDisk: Lying = {
  async fetch(file, folder) {
    const local = join(folder, `${randomUUID()}.input`)
    try {
      await link(file.path, local)
    } catch {
      await copyFile(file.path, local).catch((error: unknown) => {
        throw noSpaceHere(folder, error) ?? fileFault(file.path, error)
      })
    }
    return local
  },
}

/** Files of a disk that the workers share. */
export function diskFiles(path: string, ctx: ConnectorContext): Files {
  return {
    async list() {
      const { paths, pattern } = await expandPattern(await absolutePath(path, ctx))
      if (paths.length === 0 && pattern)
        throw new JobError('source.missing', `No file matches ${path}.`, { pointer: '/path' })
      const files: ListedFile[] = []
      for (const found of paths) {
        await insideRoots(found, path, ctx)
        files.push(await listFile(found))
      }
      return files
    },

    async checkUnchanged(file) {
      const now = await stat(file.path).catch((error: unknown) => {
        throw fileFault(file.path, error)
      })
      if (now.size !== file.size || now.mtimeMs !== file.mtimeMs) throw changed(file.path)
    },

    awaitNew: async (isKnown, signal) => awaitFiles(await absolutePath(path, ctx), isKnown, signal),

    ...onDisk,
  }
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
