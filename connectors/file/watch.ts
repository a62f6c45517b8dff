/** Folders that sources of this process wait on: each is looked at once a second, however many wait. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { untilFound, type Waiting } from '../waiting.js'

const everyMs = 1000
/** A change this young may share its time with one that is still to come: some file systems count in seconds. */
const settledMs = 2500
/** A file server may keep the time of a folder back. */
const listAgainMs = 30_000

interface Folder {
  readonly waiting: Set<Waiting<Wants>>
  /** When it was listed last, and what it said then of its last change. */
  listed: { readonly changedMs: number; readonly atMs: number } | null
}

/** A file, by its name. */
type Wants = (name: string) => boolean

const folders = new Map<string, Folder>()

/** Until the folder holds a file that is wanted, by its name, or the signal is aborted. A folder that is not there holds none. */
export async function untilListed(path: string, wants: Wants, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const folder = folders.get(path) ?? open(path)
  // What the others have seen, this one has not.
  folder.listed = null
  await untilFound(folder.waiting, wants, signal)
}

function open(path: string): Folder {
  const folder: Folder = { waiting: new Set(), listed: null }
  folders.set(path, folder)
  const again = async () => {
    if (folder.waiting.size > 0) await look(path, folder)
    if (folder.waiting.size > 0) setTimeout(again, everyMs)
    else folders.delete(path)
  }
  setImmediate(again)
  return folder
}

async function look(path: string, folder: Folder): Promise<void> {
  const atMs = Date.now()
  const changedMs = await stat(path).then(
    (facts) => facts.mtimeMs,
    () => 0,
  )
  const { listed } = folder
  const isSettled = listed !== null && listed.atMs - changedMs > settledMs && atMs - listed.atMs < listAgainMs
  if (isSettled && listed.changedMs === changedMs) return
  folder.listed = { changedMs, atMs }
  const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch(() => [])
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
  for (const { wanted, found } of [...folder.waiting]) if (names.some(wanted)) found()
}
