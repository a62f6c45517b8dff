import { open } from 'node:fs/promises'
import { fileFault } from './file-fault.js'
import type { TextFile } from './text-format.js'

/** Length of the UTF-8 byte order mark at the beginning, if there is one. */
export async function byteOrderMark(file: TextFile): Promise<number> {
  const handle = await open(file.path).catch((error: unknown) => {
    throw fileFault(file.shown, error)
  })
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(3), 0, 3, 0)
    return bytesRead === 3 && buffer.equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  } finally {
    await handle.close()
  }
}
