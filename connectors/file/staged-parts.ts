import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Fence, fenceName } from '../../core/execution/fence.js'
import type { TargetFiles } from './target-files.js'

/** A part of this epoch: its file below the staged folder, and the folder that its values name, or ''. */
export interface StagedPart {
  readonly staged: string
  readonly folder: string
}

/** Parts under the writer's fence, on their way from files of this machine into the staged folder of the target. */
export interface StagedParts {
  readonly parts: readonly StagedPart[]
  /** Of all that was added. */
  bytes(): number
  /** What has been begun for a folder and not ended; 0: nothing. */
  openBytes(folder: string): number
  /** A file becomes a part, or is put behind the one that was begun for its folder. */
  add(folder: string, file: string, bytes: number): Promise<void>
  /** Nothing more is added to the part of this folder. */
  end(folder: string): Promise<void>
  /** Ends all, and makes them durable. */
  sync(): Promise<void>
  discard(): Promise<void>
}

/** Files on their way at one time. */
const mostUnderWay = 8

/** `appendable`: a part is open for more until it is ended. */
export function stagedParts(files: TargetFiles, staged: string, fence: Fence, appendable: boolean): StagedParts {
  const parts: StagedPart[] = []
  const open = new Map<string, { readonly file: string; readonly name: string; bytes: number }>()
  const underWay: Promise<void>[] = []
  let added = 0

  async function send(file: string, name: string): Promise<void> {
    if (underWay.length >= mostUnderWay) await underWay.shift()
    underWay.push(heardLater(files.put(file, `${staged}/${name}`)))
  }

  async function end(folder: string): Promise<void> {
    const part = open.get(folder)
    open.delete(folder)
    if (part) await send(part.file, part.name)
  }

  return {
    parts,
    end,
    bytes: () => added,
    openBytes: (folder) => open.get(folder)?.bytes ?? 0,

    async add(folder, file, bytes) {
      added += bytes
      const begun = open.get(folder)
      if (begun) {
        await pipeline(createReadStream(file), createWriteStream(begun.file, { flags: 'a' }))
        await rm(file, { force: true })
        begun.bytes += bytes
        return
      }
      const name = `${fenceName(fence)}-${String(parts.length).padStart(4, '0')}-${randomUUID().slice(0, 8)}`
      parts.push({ staged: name, folder })
      if (appendable) open.set(folder, { file, name, bytes })
      else await send(file, name)
    },

    async sync() {
      for (const folder of [...open.keys()]) await end(folder)
      await Promise.all(underWay.splice(0))
    },

    async discard() {
      await Promise.allSettled(underWay.splice(0))
      for (const { file } of open.values()) await rm(file, { force: true })
      await files.remove(parts.splice(0).map(({ staged: name }) => `${staged}/${name}`))
    },
  }
}

/** It may fail before anybody waits for it. */
function heardLater(work: Promise<void>): Promise<void> {
  work.catch(() => undefined)
  return work
}
