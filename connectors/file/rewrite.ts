/** Slices as they are written for DuckDB: records one under another. */
import type { Dialect } from './record-ends.js'

/** A record: offsets in its stretch, and the line relative to it. */
export interface Found {
  readonly from: number
  readonly to: number
  readonly line: number
}

/** Each ending in a line feed. */
export function rewritten(bytes: Uint8Array, records: readonly Found[], dialect: Dialect): Uint8Array {
  const size = records.reduce((sum, record) => sum + record.to - record.from + 1, 0)
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const record of records) {
    out.set(bytes.subarray(record.from, record.to), at)
    at += record.to - record.from
    out[at++] = 10
  }
  return withMark(out, dialect)
}

/** Offsets of the records in what `rewritten` gives. */
export function startsOf(bytes: Uint8Array, records: readonly Found[], dialect: Dialect): number[] {
  const [first] = records
  let at = first !== undefined && beginsWithMark(bytes, first.from, dialect) ? mark.length : 0
  return records.map(({ from, to }) => {
    const start = at
    at += to - from + 1
    return start
  })
}

/** DuckDB takes the first bytes of a slice for a byte order mark, where they belong to a field: so they stand twice. */
export function withMark(bytes: Uint8Array, dialect: Dialect): Uint8Array {
  return beginsWithMark(bytes, 0, dialect) ? Buffer.concat([mark, bytes]) : bytes
}

const mark = Buffer.from([0xef, 0xbb, 0xbf])

/** Not in JSON, where it is an error anywhere. */
function beginsWithMark(bytes: Uint8Array, at: number, { delimiter }: Dialect): boolean {
  return delimiter !== null && mark.every((byte, index) => bytes[at + index] === byte)
}
