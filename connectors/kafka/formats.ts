import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { holdsExponents, type Prepared, prepared } from '../exact-numbers.js'
import { sourceConfig as fileConfig } from '../file/config.js'
import { csvOptions, readCsv } from '../file/csv-options.js'
import { inexactRecords, rejectsOf } from '../file/csv-rejects.js'
import { badDocuments, type JsonText, readJson } from '../file/json-options.js'
import { wholeNames } from '../number-points.js'
import type { KafkaSourceConfig } from './config.js'
import type { Message } from './record-batches.js'

/** What is known of a bad message: its place among those that were written to the file. */
export interface BadMessage {
  readonly index: number
  readonly message: string
}

export interface Lines {
  readonly file: string
  /** Bytes of the longest. */
  readonly longest: number
  /** As of a slice of a file. */
  readonly points: boolean
  readonly exponents: boolean
  readonly marked: boolean
}

/** How values are read: as a file of lines, one a message, which DuckDB reads as it reads files. */
export interface Format {
  /** Writes the value of message `index` at `at`, where there is `room` for it; answers where it ends. */
  write(message: Message, index: number, into: Buffer, at: number): number
  /** Bytes that a value of so many takes at most. */
  room(valueLength: number): number
  /** What was written, as it is wanted in the file, and what there is in it. */
  readonly prepared: (bytes: Buffer) => Prepared<Buffer>
  /** SELECT of the payload's columns and `present`, true in every row; fails if one message is bad. */
  select(lines: Lines): string
  /** Bad messages as far as DuckDB names them; it may name none. */
  findBad(lines: Lines, session: Session): Promise<readonly BadMessage[]>
}

export function formatOf(config: KafkaSourceConfig, payload: Schema): Format {
  if (config.format === 'csv') return csv(config, payload)
  return config.format === 'raw' ? raw(payload) : json(config, payload)
}

const columnsOf = (payload: Schema) => payload.map(({ name }) => identifier(name)).join(', ')

/** A message without a value is a record without values. Line ends stand between tokens only: a space does as well. */
function json(config: KafkaSourceConfig, payload: Schema): Format {
  const options = fileConfig.parse({ path: config.topic, format: 'jsonl' })
  const json = (lines: Lines): JsonText => ({ ...lines, layout: 'newline_delimited' })
  const whole = wholeNames(payload)
  return {
    room: (valueLength) => valueLength + 8,
    write({ bytes, valueAt, valueLength }, _index, into, at) {
      if (valueLength < 0) return at + into.write('null', at, 'latin1')
      // DuckDB would pass over an empty line.
      if (isBlank(bytes, valueAt, valueLength)) return at + into.write('""', at, 'latin1')
      const end = at + bytes.copy(into, at, valueAt, valueAt + valueLength)
      for (let index = at; index < end; index += 1) if (into[index] === lineFeed) into[index] = space
      return end
    },
    prepared: (bytes) => prepared(bytes, whole),
    select: (lines) => `SELECT ${columnsOf(payload)}, true AS present FROM ${readJson(json(lines), options, payload)}`,
    findBad: (lines, session) => badDocuments(json(lines), options, payload, session),
  }
}

/** Each line begins with the number of the message, so that none is blank and none is two. */
function csv(config: KafkaSourceConfig, payload: Schema): Format {
  const options = csvOptions(fileConfig.parse({ path: config.topic, format: 'csv' }))
  const number = '_'.repeat(Math.max(...payload.map(({ name }) => name.length)) + 1)
  const columns = [{ name: number, type: 'BIGINT' }, ...payload]
  return {
    room: (valueLength) => valueLength + 16 + payload.length,
    write({ bytes, valueAt, valueLength }, index, into, at) {
      const start = at + into.write(`${index},`, at, 'latin1')
      if (valueLength < 0) return start + into.write(','.repeat(payload.length - 1), start, 'latin1')
      const end = start + bytes.copy(into, start, valueAt, valueAt + valueLength)
      return withoutLineEnd(into, start, end)
    },
    prepared: (bytes) => ({ bytes, points: bytes.includes('.'), exponents: holdsExponents(bytes), marked: false }),
    select: (lines) =>
      `SELECT ${columnsOf(payload)}, true AS present FROM ${readCsv(options, columns, { ...lines, crlf: false })} WHERE ${identifier(number)} IS NOT NULL`,
    async findBad(lines, session) {
      const slice = { ...lines, crlf: false }
      const rejected = (await rejectsOf(slice, options, columns, session)).flatMap(({ line, message }) => {
        const index = /^\d+/.exec(line)?.[0]
        return index === undefined ? [] : [{ index: Number(index), message: withoutNumber(message) }]
      })
      return rejected.length > 0 ? rejected : await inexactRecords(slice, options, columns, session)
    },
  }
}

/** Of columns DuckDB counts one more than there are. */
const withoutNumber = (message: string) =>
  message.replace(/^Expected Number of Columns: (\d+) Found: (\d+)/, (_, expected, found) => {
    return `Expected ${Number(expected) - 1} values, found ${Number(found) - 1}`
  })

/** As hexadecimal digits, which every line can hold. */
function raw([column]: Schema): Format {
  const { name, type } = column!
  const options = csvOptions(fileConfig.parse({ path: name, format: 'csv' }))
  const value = type === 'BLOB' ? 'unhex(line[2:])' : 'decode(unhex(line[2:]))'
  const lines = (given: Lines) => readCsv(options, [{ name: 'line', type: 'VARCHAR' }], { ...given, crlf: false })
  return {
    room: (valueLength) => 2 * valueLength + 1,
    write({ bytes, valueAt, valueLength }, _index, into, at) {
      if (valueLength < 0) return at + into.write('-', at, 'latin1')
      const start = at + into.write('+', at, 'latin1')
      return start + into.write(bytes.toString('hex', valueAt, valueAt + valueLength), start, 'latin1')
    },
    prepared: (bytes) => ({ bytes, points: false, exponents: false, marked: false }),
    select: (given) =>
      `SELECT CASE WHEN line[1] = '+' THEN ${value} END AS ${identifier(name)}, true AS present FROM ${lines(given)}`,
    async findBad(given, session) {
      const numbered = `SELECT line, row_number() OVER () - 1 AS number FROM ${lines(given)}`
      const rows = await session.rows(
        `SELECT number FROM (${numbered}) WHERE line[1] = '+' AND TRY(${value}) IS NULL ORDER BY number`,
      )
      const message = 'The value is not text in UTF-8; declare the column as BLOB to have its bytes.'
      return rows.map(([index]) => ({ index: Number(index), message }))
    },
  }
}

const lineFeed = 10
const carriageReturn = 13
const space = 32

function isBlank(bytes: Buffer, at: number, length: number): boolean {
  for (let index = at; index < at + length; index += 1) {
    const byte = bytes[index]!
    if (byte !== space && byte !== lineFeed && byte !== carriageReturn && byte !== 9) return false
  }
  return true
}

/** The line end that some put behind each message. */
function withoutLineEnd(bytes: Buffer, start: number, end: number): number {
  if (end > start && bytes[end - 1] === lineFeed) end -= 1
  return end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
}
