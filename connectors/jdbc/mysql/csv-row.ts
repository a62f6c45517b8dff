/** Rows as the server sends them, turned into CSV byte by byte: no value becomes a string of JavaScript on its way. */

/** A row of the text protocol: values one after the other, each after its length. */
export interface RowPacket {
  readonly buffer: Buffer
  readonly offset: number
  readonly end: number
}

const NULL = 0xfb
const QUOTE = 0x22
const COMMA = 0x2c
const NEWLINE = 0x0a
/** From here on a native copy is faster than a loop. */
const long = 48

/** At most so many bytes will be written for a row. */
export const mostBytes = ({ offset, end }: RowPacket, columns: number): number => 2 * (end - offset) + 4 * columns + 1

/** Writes a row at `at`, where there must be room; answers where it ends. `quoted`: which columns are text. */
export function writeRow(row: RowPacket, quoted: readonly boolean[], out: Buffer, at: number): number {
  const { buffer } = row
  let from = row.offset
  let to = at
  for (let column = 0; column < quoted.length; column += 1) {
    if (column > 0) out[to++] = COMMA
    let length = buffer[from++]!
    if (length === NULL) {
      out[to++] = 0x5c
      out[to++] = 0x4e
      continue
    }
    if (length > NULL) {
      const bytes = length === 0xfc ? 2 : length === 0xfd ? 3 : 8
      length = bytes === 8 ? Number(buffer.readBigUInt64LE(from)) : buffer.readUIntLE(from, bytes)
      from += bytes
    }
    const end = from + length
    to = quoted[column] ? writeText(buffer, from, end, out, to) : copy(buffer, from, end, out, to)
    from = end
  }
  out[to++] = NEWLINE
  return to
}

function writeText(buffer: Buffer, start: number, end: number, out: Buffer, at: number): number {
  let to = at
  out[to++] = QUOTE
  if (end - start >= long && !buffer.subarray(start, end).includes(QUOTE)) {
    to = copy(buffer, start, end, out, to)
  } else {
    for (let from = start; from < end; from += 1) {
      const byte = buffer[from]!
      if (byte === QUOTE) out[to++] = QUOTE
      out[to++] = byte
    }
  }
  out[to++] = QUOTE
  return to
}

function copy(buffer: Buffer, start: number, end: number, out: Buffer, at: number): number {
  if (end - start >= long) return at + buffer.copy(out, at, start, end)
  let to = at
  for (let from = start; from < end; from += 1) out[to++] = buffer[from]!
  return to
}
