import { closeSync, openSync, readSync } from 'node:fs'
import { JobError } from '../../core/errors/job-error.js'
import type { OpenFile } from './files.js'
import { openText } from './open-text.js'
import type { Cursor } from './position.js'
import { type Dialect, type Stretch, takeRecords } from './record-ends.js'
import type { TextFile } from './text-format.js'

/**
 * One read. Small ones at both ends of a range: what works on stretches side by side has something to do sooner, and
 * ends together. DuckDB gives each of its threads 8 MB of a CSV file: with less than twice as much, one does it all.
 */
const leastBytes = 2 * 1024 * 1024
const mostBytes = 16_000_000

/** A longer record is refused: a quote that is never closed must not eat the memory of the worker. */
export const longestRecord = 128 * 1024 * 1024

export interface FileStretch {
  /** Whole records; good until the next stretch is asked for, which is read into the same memory. */
  readonly bytes: Uint8Array
  readonly found: Stretch
  readonly from: Cursor
  readonly to: Cursor
  readonly atEnd: boolean
}

export interface Range extends TextFile {
  readonly from: Cursor
  /** Records that begin before this offset belong to the range. */
  readonly stop: number
  readonly records: number
}

/** Reads whole records of a range, piece by piece, in bounded memory. */
export async function* readStretches(range: Range, dialect: Dialect): AsyncGenerator<FileStretch, void, void> {
  const file = await openText(range)
  try {
    let cursor = range.from
    let records = range.records
    const end = Math.min(range.size, range.stop)
    let want = leastBytes
    let buffer = Buffer.allocUnsafe(Math.min(mostBytes, range.size - cursor.byte))
    while (cursor.byte < end && records > 0) {
      const length = Math.min(want, range.size - cursor.byte)
      if (length > buffer.length) buffer = Buffer.allocUnsafe(length)
      const bytes = buffer.subarray(0, length)
      await fill(bytes, file, range, cursor.byte)
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
      want = Math.min(want * 4, mostBytes, Math.max(leastBytes, (end - to.byte) / 2))
    }
  } finally {
    await file.close()
  }
}

/** The bytes of a stretch once more; as many as there are, if the file has changed. */
export function readAgain(path: string, from: number, to: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(to - from)
  try {
    const file = openSync(path, 'r')
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from))
    } finally {
      closeSync(file)
    }
  } catch {
    // Then records go without their places.
    return bytes.subarray(0, 0)
  }
}

async function fill(bytes: Buffer, file: OpenFile, range: Range, from: number): Promise<void> {
  let filled = 0
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled), from + filled)
    if (read === 0) throw new JobError('source.changed', `The file ${range.shown} got shorter while it was read.`)
    filled += read
  }
}

function tooLong(range: Range, cursor: Cursor): JobError {
  return new JobError(
    'record.bad',
    `The record at line ${cursor.line} of ${range.shown} is longer than ${longestRecord / 1024 / 1024} MiB.`,
    { hint: 'Look for a quote that is never closed.' },
  )
}
