import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { Prepared } from '../exact-numbers.js'
import type { OpenFile } from './files.js'
import type { Cursor } from './position.js'
import type { Dialect } from './record-ends.js'

/** What a slice file holds: whole records of one file, without a header, all with the same line end. */
export interface Slice {
  readonly file: string
  readonly longest: number
  readonly crlf: boolean
  /** A number that must be whole, or of so many digits, may have a point, or a negative exponent. */
  readonly points: boolean
  readonly exponents: boolean
  /** Numbers in it are marked, see `exact-numbers.ts`. */
  readonly marked: boolean
}

export interface BadRecord {
  /** 0-based within the slice. */
  readonly index: number
  readonly message: string
}

/** CSV and JSON lines: text cut on record ends and read by DuckDB slice by slice. */
export interface TextFormat {
  readonly dialect: Dialect
  /** What is known only from the file's beginning: where its records begin, and its columns. */
  open(file: TextFile, session: Session, schema: Schema): Promise<TextReader>
}

export interface TextFile {
  /** Local path of plain UTF-8 text, and what people call the file. */
  readonly path: string
  readonly shown: string
  readonly size: number
  /** It is there only while it is read. */
  readonly passing?: boolean
  /** Absent: a file of a disk, under its path. */
  readonly open?: () => OpenFile
}

export interface TextReader {
  readonly firstRecord: Cursor
  /** The line that names the fields of each record, where there is one. */
  readonly header: string | null
  /** The bytes of records as `select` wants them in a slice, and what there is in them. */
  readonly prepared: (bytes: Uint8Array) => Prepared<Uint8Array>
  /** SELECT over a slice; fails if one record is bad. */
  select(slice: Slice): string
  /** Bad records as far as DuckDB names them; asked only of slices whose `select` fails. `starts`: their offsets. */
  findBad(slice: Slice, starts: readonly number[], session: Session): Promise<readonly BadRecord[]>
}
