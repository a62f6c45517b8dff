/** DuckDB takes the record `null` for a record without values: as a text of the same length it is one that is no object. */
const NULL = Buffer.from('null')
export const noObject = '"nu"'

/** JSON lines; the same bytes where there is no such line. */
export function withoutNulls<Bytes extends Uint8Array>(bytes: Bytes): Bytes | Buffer {
  let changed: Buffer | null = null
  for (let line = 0; line < bytes.length; ) {
    const at = afterBlanks(bytes, line)
    if (bytes[at] === NULL[0] && NULL.equals(bytes.subarray(at, at + NULL.length))) {
      const end = afterBlanks(bytes, at + NULL.length)
      if (end === bytes.length || bytes[end] === lineFeed) {
        changed ??= Buffer.from(bytes)
        changed.write(noObject, at, 'latin1')
      }
    }
    const next = bytes.indexOf(lineFeed, at)
    if (next < 0) break
    line = next + 1
  }
  return changed ?? bytes
}

/** Whether JSON that comes piece by piece may hold a null that is no value of a key. */
export async function anyNull(pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
  let left: Uint8Array = new Uint8Array(0)
  for await (const piece of pieces) {
    const bytes = Buffer.concat([left, piece])
    for (let at = bytes.indexOf(NULL); at >= 0; at = bytes.indexOf(NULL, at + 1)) {
      let before = at - 1
      while (before >= 0 && bytes[before]! <= 0x20) before -= 1
      if (before < 0 || '[]},'.includes(String.fromCharCode(bytes[before]!))) return true
    }
    left = bytes.subarray(-64)
  }
  return false
}

const lineFeed = 0x0a

function afterBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at += 1
  return at
}
