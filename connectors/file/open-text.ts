import { open } from 'node:fs/promises'
import { fileFault } from './file-fault.js'
import type { OpenFile } from './files.js'
import type { TextFile } from './text-format.js'

/** For reading at offsets. */
export async function openText({ path, shown, open: openElsewhere }: TextFile): Promise<OpenFile> {
  if (openElsewhere) return openElsewhere()
  const fault = (error: unknown) => {
    throw fileFault(shown, error)
  }
  const file = await open(path).catch(fault)
  return {
    read: async (bytes, from) => (await file.read(bytes, 0, bytes.length, from).catch(fault)).bytesRead,
    close: () => file.close(),
  }
}
