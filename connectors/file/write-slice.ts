import { writeFile } from 'node:fs/promises'
import type { Slice, TextReader } from './text-format.js'

/** As the reader wants its bytes. */
export async function writeSlice(
  slice: Pick<Slice, 'file' | 'longest' | 'crlf'>,
  plain: Uint8Array,
  reader: TextReader,
): Promise<Slice> {
  const { bytes, ...holds } = reader.prepared(plain)
  await writeFile(slice.file, bytes)
  return { ...slice, ...holds, longest: holds.marked ? 2 * slice.longest : slice.longest }
}
