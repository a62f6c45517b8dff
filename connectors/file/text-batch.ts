import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from '../../core/record/rejected.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { SourceBatch } from '../spi.js'
import { type Dialect, takeRecords } from './record-ends.js'
import { type Found, rewritten, withMark } from './rewrite.js'
import type { FileStretch } from './stretches.js'
import { tellApart } from './tell-apart.js'
import type { Slice, TextReader } from './text-format.js'

/** What is kept of a bad record. */
const longestOriginal = 64 * 1024

/** One stretch as a slice file in the session's folder, and what it takes to tell its bad records from the good. */
export async function textBatch(
  stretch: FileStretch,
  reader: TextReader,
  session: Session,
  options: { readonly shown: string; readonly dialect: Dialect; readonly before: number; readonly name: string },
): Promise<SourceBatch> {
  const { found, from } = stretch
  const bytes = stretch.bytes
  const path = join(session.folder, `${options.name}.slice`)
  const table = identifier(`source_${options.name}`)
  // DuckDB takes one kind of line end, and may take a quoted one for it: then the slice is written with LF alone.
  const quotes = options.dialect.quote !== null && bytes.includes(options.dialect.quote)
  const mixed = found.blankLines > 0 || (found.crlf > 0 && (found.lf > 0 || quotes))
  const slice: Slice = { file: path, longest: found.longest, crlf: found.crlf > 0 && !mixed }

  // Offsets are found again when they are asked for: clean data pays nothing for them.
  let offsets: Found[] | null = null
  function records(): Found[] {
    if (offsets) return offsets
    const all: Found[] = []
    const onRecord = (start: number, to: number, line: number) => all.push({ from: start, to, line })
    takeRecords(bytes, options.dialect, {
      limit: Number.POSITIVE_INFINITY,
      stop: Number.POSITIVE_INFINITY,
      final: true,
      onRecord,
    })
    offsets = all
    return all
  }
  await writeFile(path, mixed ? rewritten(bytes, records(), options.dialect) : withMark(bytes, options.dialect))
  let good: number[] | null = null
  const place = (index: number): Place => {
    const original = good?.[index] ?? index
    const record = records()[original]
    if (!record) return { file: options.shown }
    return {
      file: options.shown,
      line: from.line + record.line,
      byte: from.byte + record.from,
      record: options.before + original,
    }
  }

  return {
    select: reader.select(slice),
    records: found.records,
    place,
    async isolate() {
      const { kept, bad } = await tellApart({
        bytes,
        records: records(),
        dialect: options.dialect,
        slice,
        reader,
        session,
        table,
      })
      const rejected = bad.map(({ index, message }) => ({
        original: original(bytes, records()[index]!),
        place: place(index),
        code: 'record.bad',
        message,
      }))
      good = kept
      return { select: `SELECT * FROM ${table}`, rejected }
    },
    async release() {
      await rm(path, { force: true })
      if (good) await session.run(`DROP TABLE IF EXISTS ${table}`)
    },
  }
}

function original(bytes: Uint8Array, record: Found): string {
  const end = Math.min(record.to, record.from + longestOriginal)
  return Buffer.from(bytes.subarray(record.from, end)).toString('utf8')
}
