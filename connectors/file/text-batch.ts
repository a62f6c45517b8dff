import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJobError } from '../../core/errors/job-error.js'
import type { Place } from '../../core/record/rejected.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { SourceBatch } from '../spi.js'
import { type Dialect, takeRecords } from './record-ends.js'
import type { FileStretch } from './stretches.js'
import type { BadRecord, Slice, TextReader } from './text-format.js'

/** What is kept of a bad record. */
const longestOriginal = 64 * 1024

interface Found {
  /** Offsets in the stretch, and the line relative to it. */
  readonly from: number
  readonly to: number
  readonly line: number
}

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
  await writeFile(path, mixed ? rewritten(bytes, records()) : bytes)
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
    place,
    async isolate() {
      const { kept, bad } = await tellApart(bytes, records(), slice, reader, session, table)
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

/** Takes bad records out until DuckDB reads the rest, which then lies in `table`. */
async function tellApart(
  bytes: Uint8Array,
  records: readonly Found[],
  slice: Slice,
  reader: TextReader,
  session: Session,
  table: string,
): Promise<{ kept: number[]; bad: BadRecord[] }> {
  const bad: BadRecord[] = []
  let kept = records.map((_, index) => index)
  const attempt = async (indexes: readonly number[]): Promise<string | null> => {
    const part: Slice = { ...slice, crlf: false }
    await writeFile(
      slice.file,
      rewritten(
        bytes,
        indexes.map((index) => records[index]!),
      ),
    )
    try {
      await session.run(`CREATE OR REPLACE TABLE ${table} AS ${reader.select(part)}`)
      const read = await session.count(`SELECT count(*) FROM ${table}`)
      return read === indexes.length ? null : 'The record cannot be told from its neighbours.'
    } catch (error) {
      if (!isJobError(error) || ['cancelled', 'disk.full', 'memory.exhausted'].includes(error.code)) throw error
      return error.message
    }
  }
  for (;;) {
    if ((await attempt(kept)) === null) return { kept, bad: bad.sort((a, b) => a.index - b.index) }
    const part: Slice = { ...slice, crlf: false }
    const named = await reader.findBad(part, startsOf(records, kept), session)
    const found =
      named.length > 0 ? named.map((one) => ({ ...one, index: kept[one.index]! })) : [await bisect(kept, attempt)]
    bad.push(...found)
    const out = new Set(found.map((one) => one.index))
    kept = kept.filter((index) => !out.has(index))
  }
}

/** The first record without which what stands before it can be read. */
async function bisect(
  indexes: readonly number[],
  attempt: (part: readonly number[]) => Promise<string | null>,
): Promise<BadRecord> {
  let good = 0
  let failing = indexes.length
  let message = 'The record cannot be read.'
  while (failing - good > 1) {
    const middle = (good + failing) >> 1
    const trouble = await attempt(indexes.slice(0, middle))
    if (trouble === null) good = middle
    else {
      failing = middle
      message = trouble
    }
  }
  message = (await attempt([indexes[failing - 1]!])) ?? message
  return { index: indexes[failing - 1]!, message }
}

/** The records one under another, each ending in a line feed. */
function rewritten(bytes: Uint8Array, records: readonly Found[]): Uint8Array {
  const size = records.reduce((sum, record) => sum + record.to - record.from + 1, 0)
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const record of records) {
    out.set(bytes.subarray(record.from, record.to), at)
    at += record.to - record.from
    out[at++] = 10
  }
  return out
}

function startsOf(records: readonly Found[], kept: readonly number[]): number[] {
  let at = 0
  return kept.map((index) => {
    const start = at
    at += records[index]!.to - records[index]!.from + 1
    return start
  })
}

function original(bytes: Uint8Array, record: Found): string {
  const end = Math.min(record.to, record.from + longestOriginal)
  return Buffer.from(bytes.subarray(record.from, end)).toString('utf8')
}
