import { link, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '../../core/errors/system-error.js'
import { createExclusively, moveDurably, removeFile, renameOnce, syncPath } from './durable.js'
import { isHidden, type TargetFiles } from './target-files.js'

/** A folder of a disk that the workers share. */
export function diskTarget(folder: string): TargetFiles {
  const pathOf = (name: string) => join(folder, name)

  async function* below(name: string): AsyncGenerator<string> {
    for (const entry of (await readdir(pathOf(name), { withFileTypes: true }).catch(nullIfMissing)) ?? []) {
      if (isHidden(entry.name)) continue
      if (entry.isFile()) yield entry.name
      if (entry.isDirectory()) for await (const found of below(`${name}/${entry.name}`)) yield `${entry.name}/${found}`
    }
  }

  return {
    shown: folder,

    makeFolder: async (name) => {
      await mkdir(pathOf(name), { recursive: true })
    },

    create: (name, text) => createExclusively(pathOf(name), text),

    read: (name) => readFile(pathOf(name), 'utf8').catch(nullIfMissing),

    names: async (name) => {
      const entries = await readdir(pathOf(name), { withFileTypes: true }).catch(nullIfMissing)
      return entries?.filter((entry) => entry.isFile()).map((entry) => entry.name) ?? null
    },

    below: async (name) => {
      const found: string[] = []
      for await (const each of below(name)) found.push(each)
      return found
    },

    put: (local, name) => moveDurably(local, pathOf(name)),

    rename: async (moves) => {
      const folders = new Set(moves.map(({ to }) => dirname(pathOf(to))))
      for (const each of folders) await makeDurably(each, folder)
      for (const { from, to } of moves) await renameOnce(pathOf(from), pathOf(to))
      for (const each of folders) await syncPath(each)
    },

    keep: async (name, as) => {
      try {
        await link(pathOf(name), pathOf(as))
        return true
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false
        throw error
      }
    },

    local: async (name) => pathOf(name),

    remove: async (names) => {
      for (const name of names) await removeFile(pathOf(name))
      for (const each of new Set(names.map((name) => dirname(pathOf(name))))) await syncPath(each).catch(nullIfMissing)
    },

    removeFolder: (name) => rm(pathOf(name), { recursive: true, force: true }),
  }
}

/** A new folder is durable only once the one that holds it is. */
async function makeDurably(folder: string, root: string): Promise<void> {
  if (folder === root || (await mkdir(folder, { recursive: true })) === undefined) return
  for (let at = dirname(folder); at.length >= root.length; at = dirname(at)) await syncPath(at)
}

function nullIfMissing(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null
  throw error
}
