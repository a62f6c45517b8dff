import { type FileHandle, open } from 'node:fs/promises'
import { JobError } from '../../core/errors/job-error.js'
import { fileFault } from './file-fault.js'
import type { Cursor } from './position.js'
import { type Dialect, type Stretch, takeRecords } from './record-ends.js'

/** One read: small enough to hold several at once, large enough that DuckDB works on it in parallel. */
const stretchBytes = 16 * 1024 * 1024

/** A longer record is refused: a quote that is never closed must not eat the memory of the worker. */
export const longestRecord = 128 * 1024 * 1024

export interface FileStretch {
  /** Whole records. */
  readonly bytes: Uint8Array
  readonly found: Stretch
  readonly from: Cursor
  readonly to: Cursor
  readonly atEnd: boolean
}

export interface Range {
  /** Local path of plain UTF-8 text, and what people call the file. */
  readonly path: string
  readonly shown: string
  readonly size: number
  readonly from: Cursor
  /** Records that begin before this offset belong to the range. */
  readonly stop: number
  readonly records: number
}

/** Reads whole records of a range, piece by piece, in bounded memory. */
export async function* readStretches(range: Range, dialect: Dialect): AsyncGenerator<FileStretch, void, void> {
  const file = await open(range.path).catch((error: unknown) => {
    throw fileFault(range.shown, error)
  })
  try {
    let cursor = range.from
    let records = range.records
    let want = stretchBytes
    while (cursor.byte < range.size && cursor.byte < range.stop && records > 0) {
      const bytes = await readAt(file, range, cursor.byte, want)
      const final = cursor.byte + bytes.length >= range.size
      const found = takeRecords(bytes, dialect, { limit: records, stop: range.stop - cursor.byte, final })
      if (found.longest > longestRecord || (found.end === 0 && want > longestRecord)) throw tooLong(range, cursor)
      if (found.end === 0) {
        want = Math.min(want * 4, longestRecord + 1)
        continue
      }
      const to = {
        byte: cursor.byte + found.end,
        line: cursor.line + found.lines,
        record: cursor.record + found.records,
      }
      yield { bytes: bytes.subarray(0, found.end), found, from: cursor, to, atEnd: to.byte >= range.size }
      cursor = to
      records -= found.records
      want = stretchBytes
    }
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, range: Range, byte: number, want: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(Math.min(want, range.size - byte))
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, byte + filled).catch((error) => {
      throw fileFault(range.shown, error)
    })
    if (bytesRead === 0) throw new JobError('source.changed', `The file ${range.shown} got shorter while it was read.`)
    filled += bytesRead
  }
  return buffer
}

function tooLong(range: Range, cursor: Cursor): JobError {
  return new JobError(
    'record.bad',
    `The record at line ${cursor.line} of ${range.shown} is longer than ${longestRecord / 1024 / 1024} MiB.`,
    { hint: 'Look for a quote that is never closed.' },
  )
}
