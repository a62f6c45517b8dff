/** A file that is filled with rows as they come, faster than a disk may be: whoever gives them is held back. */
import { type FileHandle, open } from 'node:fs/promises'

const blockBytes = 1024 * 1024
const mostWaiting = 8

export interface CsvFile {
  /** Room for a row of at most so many bytes: where to write it, and from which place on. */
  room(bytes: number): { readonly block: Buffer; readonly at: number }
  /** The row ends here. */
  wrote(end: number): void
  /** Writes what is left; answers the bytes of the longest row. */
  end(): Promise<number>
  close(): Promise<void>
}

export async function openCsvFile(path: string, hold: () => void, goOn: () => void): Promise<CsvFile> {
  const file: FileHandle = await open(path, 'w')
  let block = Buffer.allocUnsafe(blockBytes)
  let at = 0
  let longest = 0
  let waiting = 0
  let written: Promise<unknown> = Promise.resolve()
  let failed: unknown

  const flush = () => {
    if (at === 0) return
    const full = block.subarray(0, at)
    block = Buffer.allocUnsafe(blockBytes)
    at = 0
    waiting += 1
    if (waiting === mostWaiting) hold()
    written = written
      .then(() => (failed === undefined ? writeAll(file, full) : undefined))
      .catch((error: unknown) => {
        failed ??= error
      })
      .finally(() => {
        waiting -= 1
        if (waiting === mostWaiting - 1) goOn()
      })
  }
  return {
    room(bytes) {
      if (at + bytes > block.length) flush()
      if (bytes > block.length) block = Buffer.allocUnsafe(bytes)
      return { block, at }
    },
    wrote(end) {
      longest = Math.max(longest, end - at)
      at = end
    },
    async end() {
      flush()
      await written
      if (failed !== undefined) throw failed
      return longest
    },
    async close() {
      await written
      await file.close()
    },
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; ) from += (await file.write(bytes, from, bytes.length - from)).bytesWritten
}
