import { openText } from './open-text.js'
import type { TextFile } from './text-format.js'

/** Length of the UTF-8 byte order mark at the beginning, if there is one. */
export async function byteOrderMark(file: TextFile): Promise<number> {
  const opened = await openText(file)
  try {
    const bytes = Buffer.alloc(3)
    return (await opened.read(bytes, 0)) === 3 && bytes.equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  } finally {
    await opened.close()
  }
}
