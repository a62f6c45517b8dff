import { randomUUID } from 'node:crypto'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { SourceBatch } from '../spi.js'
import type { Cursor, Piece } from './position.js'
import { readAgain, readStretches } from './stretches.js'
import { textBatch } from './text-batch.js'
import type { TextFile, TextFormat } from './text-format.js'

/** Reads a piece of a text file, at most `records` records, as batches of slices; answers where it got to. */
export async function* readText(
  file: TextFile,
  piece: Piece,
  format: TextFormat,
  limits: { readonly records: number; readonly before: number },
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, Cursor, void> {
  const reader = await format.open(file, session, schema)
  const stop = piece.amount === null ? file.size : piece.from.byte + piece.amount
  let at = piece.from.byte === 0 ? reader.firstRecord : piece.from
  const first = at.record
  const range = { ...file, from: at, stop, records: limits.records }
  for await (const stretch of readStretches(range, format.dialect)) {
    if (stretch.found.records > 0) {
      yield await textBatch(stretch, reader, session, {
        shown: file.shown,
        dialect: format.dialect,
        before: limits.before + stretch.from.record - first,
        name: randomUUID(),
        again: file.passing || file.open ? null : () => readAgain(file.path, stretch.from.byte, stretch.to.byte),
      })
    }
    at = stretch.to
  }
  return at
}
