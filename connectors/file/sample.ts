import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../../duckdb/session.js'
import type { Cursor } from './position.js'
import { type Dialect, takeRecords } from './record-ends.js'
import { type Found, rewritten } from './rewrite.js'
import { readStretches } from './stretches.js'
import type { Slice, TextFile } from './text-format.js'

/** Columns are inferred from this much of a file. */
const sampleBytes = 8 * 1024 * 1024

/** What a file begins with, as batches of it are given to DuckDB: whole records, under one kind of line end. */
export async function takeSample(
  file: TextFile,
  from: Cursor,
  dialect: Dialect,
  session: Session,
  isWanted: (record: Buffer) => boolean = () => true,
): Promise<Slice & { readonly records: number }> {
  const bytes = await beginning(file, from, dialect)
  const records: Found[] = []
  const all = { limit: Number.POSITIVE_INFINITY, stop: Number.POSITIVE_INFINITY, final: true }
  const { longest } = takeRecords(bytes, dialect, {
    ...all,
    onRecord: (start, to, line) => {
      if (isWanted(bytes.subarray(start, to))) records.push({ from: start, to, line })
    },
  })
  const path = join(session.folder, 'sample')
  await writeFile(path, rewritten(bytes, records, dialect))
  return { file: path, longest, crlf: false, points: true, exponents: true, marked: false, records: records.length }
}

async function beginning(file: TextFile, from: Cursor, dialect: Dialect): Promise<Buffer> {
  const range = { ...file, from, stop: from.byte + sampleBytes, records: Number.POSITIVE_INFINITY }
  const parts: Buffer[] = []
  for await (const { bytes } of readStretches(range, dialect)) parts.push(Buffer.from(bytes))
  return Buffer.concat(parts)
}
