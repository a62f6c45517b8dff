import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place, RecordForm } from '../../core/record/rejected.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { SourceBatch } from '../spi.js'
import { bareReturn, type Dialect, takeRecords } from './record-ends.js'
import { type Found, rewritten, withMark } from './rewrite.js'
import type { FileStretch } from './stretches.js'
import { tellApart } from './tell-apart.js'
import type { BadRecord, TextReader } from './text-format.js'
import { writeSlice } from './write-slice.js'

/** What is kept of a bad record. */
const longestOriginal = 64 * 1024

/** One stretch as a slice file in the session's folder, and what it takes to tell its bad records from the good. */
export async function textBatch(
  stretch: FileStretch,
  reader: TextReader,
  session: Session,
  options: {
    readonly shown: string
    readonly dialect: Dialect
    readonly before: number
    readonly name: string
    /** The bytes of the stretch once its memory is in other use; null where they are gone by then. */
    readonly again: (() => Uint8Array) | null
  },
): Promise<SourceBatch> {
  const { found, from } = stretch
  const { bytes } = stretch
  const path = join(session.folder, `${options.name}.slice`)
  const table = identifier(`source_${options.name}`)
  // DuckDB takes one kind of line end, and may take a quoted one for it: then the slice is written with LF alone.
  const quotes = options.dialect.quote !== null && bytes.includes(options.dialect.quote)
  const mixed = found.blankLines > 0 || (found.crlf > 0 && (found.lf > 0 || quotes))
  const whole = { file: path, longest: found.longest, crlf: found.crlf > 0 && !mixed }

  // Offsets are found again when they are asked for: clean data pays nothing for them.
  let text: () => Uint8Array = () => bytes
  let offsets: readonly Found[] | null = null
  function records(): readonly Found[] {
    offsets ??= recordsIn(text(), options.dialect)
    return offsets
  }
  // Left out here, they are missed and told apart.
  const known = mayHoldBad(stretch) ? knownBad(bytes, records(), options.dialect, found.unterminated) : []
  const asIs = !mixed && known.length === 0
  const plain = asIs ? withMark(bytes, options.dialect) : rewritten(bytes, without(records(), known), options.dialect)
  const slice = await writeSlice(whole, plain, reader)
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
    select: reader.select(asIs ? slice : { ...slice, crlf: false }),
    records: found.records,
    bytes: bytes.length,
    place,
    async isolate() {
      const { kept, bad } = await tellApart({
        bytes,
        records: records(),
        dialect: options.dialect,
        known,
        slice,
        reader,
        session,
        table,
      })
      const rejected = bad.map(({ index, message }) => ({
        ...original(bytes, records()[index]!, reader.header),
        place: place(index),
        code: 'record.bad',
        message,
      }))
      good = kept
      return { select: `SELECT * FROM ${table}`, rejected }
    },
    async release() {
      text = options.again ?? itself(Uint8Array.from(bytes))
      await rm(path, { force: true })
      if (good) await session.run(`DROP TABLE IF EXISTS ${table}`)
    },
  }
}

const itself = (bytes: Uint8Array) => () => bytes

function recordsIn(bytes: Uint8Array, dialect: Dialect): readonly Found[] {
  const all: Found[] = []
  takeRecords(bytes, dialect, {
    limit: Number.POSITIVE_INFINITY,
    stop: Number.POSITIVE_INFINITY,
    final: true,
    onRecord: (from, to, line) => all.push({ from, to, line }),
  })
  return all
}

/** Cheap: most data holds no carriage returns but those at line ends. */
function mayHoldBad({ bytes, found }: FileStretch): boolean {
  return found.unterminated || (bytes.includes(13) && countReturns(bytes) > found.crlf)
}

function countReturns(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) if (byte === 13) count += 1
  return count
}

/** What DuckDB takes or refuses as it happens to stand. */
function knownBad(
  bytes: Uint8Array,
  records: readonly Found[],
  dialect: Dialect,
  unterminated: boolean,
): readonly BadRecord[] {
  return records.flatMap((record, index) => {
    if (bareReturn(bytes, record, dialect)) return [{ index, message: 'It holds a carriage return outside of quotes.' }]
    const isOpen = unterminated && index === records.length - 1
    return isOpen ? [{ index, message: 'It holds a quote that is never closed.' }] : []
  })
}

function without(records: readonly Found[], bad: readonly BadRecord[]): readonly Found[] {
  const out = new Set(bad.map(({ index }) => index))
  return out.size === 0 ? records : records.filter((_, index) => !out.has(index))
}

function original(bytes: Uint8Array, record: Found, header: string | null) {
  const isCut = record.to - record.from > longestOriginal
  const end = isCut ? record.from + longestOriginal : record.to
  const form: RecordForm = { kind: isCut ? 'CUT' : 'TEXT', ...(header === null ? {} : { header }) }
  return { original: Buffer.from(bytes.subarray(record.from, end)).toString('utf8'), form }
}
