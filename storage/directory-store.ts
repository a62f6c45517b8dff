import { randomUUID } from 'node:crypto'
import { constants, type Dirent } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorCode } from '../core/errors/system-error.js'
import { checkKey, checkPrefix } from './key.js'
import { missingObject, storageFault } from './storage-fault.js'
import type { ObjectStore } from './store.js'

/** Files being written begin with this; no key may, so that no reader ever sees half an object. */
const unfinished = '.unfinished-'

/** Objects as files below one folder, which all workers see. Readers only ever see whole objects (I5). */
export function directoryStore(root: string): ObjectStore {
  const pathOf = (key: string) => join(root, ...checkKey(key).split('/'))

  return {
    url: pathToFileURL(root).href,

    put: (key, file) =>
      guarded(`write ${key}`, async () => {
        const target = pathOf(key)
        const temporary = await stage(target, (path) => copyFile(file, path, constants.COPYFILE_FICLONE))
        const { size } = await stat(temporary)
        await rename(temporary, target)
        await syncFolder(dirname(target))
        return { sizeBytes: size }
      }),

    putIfAbsent: (key, file) =>
      guarded(`write ${key}`, async () => {
        const target = pathOf(key)
        const temporary = await stage(target, (path) => copyFile(file, path, constants.COPYFILE_FICLONE))
        try {
          // link fails where rename would replace: of two writers exactly one wins.
          await link(temporary, target)
          await syncFolder(dirname(target))
          return true
        } catch (error) {
          if (errorCode(error) === 'EEXIST') return false
          throw error
        } finally {
          await rm(temporary, { force: true })
        }
      }),

    fetch: (key, folder) =>
      guarded(`read ${key}`, async () => {
        const source = pathOf(key)
        const local = join(folder, `${randomUUID()}-${basename(key)}`)
        try {
          await link(source, local)
        } catch (error) {
          if (errorCode(error) === 'ENOENT') throw missingObject(key, error)
          await copyFile(source, local, constants.COPYFILE_FICLONE)
        }
        return local
      }),

    putText: (key, text) =>
      guarded(`write ${key}`, async () => {
        const target = pathOf(key)
        await rename(await stage(target, (path) => writeFile(path, text)), target)
        await syncFolder(dirname(target))
      }),

    text: (key) =>
      guarded(`read ${key}`, async () => {
        try {
          return await readFile(pathOf(key), 'utf8')
        } catch (error) {
          if (errorCode(error) === 'ENOENT') return null
          throw error
        }
      }),

    list: (prefix) => listObjects(root, checkPrefix(prefix)),

    remove: (key) =>
      guarded(`remove ${key}`, async () => {
        const path = pathOf(key)
        await rm(path, { force: true })
        await removeEmpty(dirname(path), root)
      }),
  }
}

/** Writes and syncs a temporary file beside its target, on the same device. */
async function stage(target: string, write: (path: string) => Promise<void>): Promise<string> {
  await mkdir(dirname(target), { recursive: true })
  const temporary = join(dirname(target), unfinished + randomUUID())
  try {
    await write(temporary)
    const handle = await open(temporary, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    return temporary
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** A new name is durable only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function* listObjects(root: string, prefix: string) {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  yield* walk(root, folder, prefix)
}

/** In the order of whole keys: a folder sorts as its name with a slash. */
async function* walk(
  root: string,
  folder: string,
  prefix: string,
): AsyncGenerator<{ key: string; sizeBytes: number; modifiedMs: number }> {
  const names = (await entries(join(root, folder)))
    .filter((entry) => !entry.name.startsWith(unfinished))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
    .filter((key) => key.startsWith(prefix) || prefix.startsWith(key))
    .sort((a, b) => (a < b ? -1 : 1))
  for (const key of names) {
    if (key.endsWith('/')) {
      yield* walk(root, key, prefix)
      continue
    }
    const facts = await guarded(`list ${prefix}`, () => stat(join(root, key)).catch(ignoreMissing))
    if (facts) yield { key, sizeBytes: facts.size, modifiedMs: facts.mtimeMs }
  }
}

const entries = (folder: string): Promise<Dirent[]> =>
  guarded('list', async () => (await readdir(folder, { withFileTypes: true }).catch(ignoreMissing)) ?? [])

/** Folders of one epoch would else outlive its files; the two above a file, because whoever writes anew makes them anew. */
async function removeEmpty(folder: string, root: string): Promise<void> {
  for (const each of [folder, dirname(folder)]) {
    if (each.length <= root.length) return
    try {
      await rmdir(each)
    } catch {
      return
    }
  }
}

/** Others may remove an object while it is listed. */
function ignoreMissing(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null
  throw error
}

async function guarded<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw storageFault(what, error)
  }
}
