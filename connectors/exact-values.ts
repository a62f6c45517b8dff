/** Values of text that DuckDB would change without a word are read as text, and cast here: as they are, or not at all. */
import type { Schema } from '../core/record/schema.js'
import { identifier, text } from '../duckdb/sql.js'
import { spelled, type TypeTree, typeTree } from '../duckdb/type-tree.js'
import { unmarked } from './exact-numbers.js'
import { isWhole } from './number-points.js'

export interface Written {
  readonly dateFormat?: string | undefined
  readonly timestampFormat?: string | undefined
  /** What makes a fraction of a number, and may be there: a point, a negative exponent. Without, there is none. */
  readonly points: boolean
  readonly exponents: boolean
  /** It is JSON: a number may stand where a truth value is wanted. */
  readonly json: boolean
  /** Numbers may be marked, see `exact-numbers.ts`. */
  readonly marked: boolean
}

export interface ExactValues {
  /** Columns as DuckDB is to read them. */
  readonly columns: Schema
  /** A relation of these, as the columns that were wanted; fails where a value is not of its type. */
  readonly from: (relation: string) => string
  /** The same of one value; null: it is taken as it was read. */
  readonly value: (column: string, read: string) => string | null
}

/** What reads a value of a type otherwise than DuckDB would. */
interface Reading {
  readonly as: string
  readonly value: (read: string) => string
}

export function exactValues(columns: Schema, written: Written): ExactValues {
  const readings = new Map(
    columns.flatMap(({ name, type }) => {
      const reading = readingOf(typeTree(type), written, 0)
      return reading === null ? [] : [[name, reading] as const]
    }),
  )
  const replaced = [...readings].map(([name, { value }]) => `${value(identifier(name))} AS ${identifier(name)}`)
  return {
    columns: columns.map((column) => ({ ...column, type: readings.get(column.name)?.as ?? column.type })),
    from: (relation) =>
      replaced.length === 0 ? relation : `(SELECT * REPLACE (${replaced.join(', ')}) FROM ${relation})`,
    value: (column, read) => readings.get(column)?.value(read) ?? null,
  }
}

function readingOf(tree: TypeTree, written: Written, depth: number): Reading | null {
  if (tree.kind === 'LEAF') return leafReading(tree.type, written)
  if (tree.kind === 'LIST') return listReading(tree, written, depth)
  const parts = tree.kind === 'STRUCT' ? tree.fields : mapParts(tree)
  const readings = parts.map(({ of }) => readingOf(of, written, depth + 1))
  if (readings.every((reading) => reading === null)) return null
  const types = parts.map(({ name, of }, at) => ({ name, type: readings[at]?.as ?? spelled(of) }))
  const packed = (read: string) => {
    const fields = parts.map(({ name }, at) => {
      const field = `struct_extract(${read}, ${text(name)})`
      return `${text(name)}: ${readings[at]?.value(field) ?? field}`
    })
    return `{${fields.join(', ')}}`
  }
  if (tree.kind === 'MAP') {
    const entry = `entry${depth}`
    return {
      as: `MAP(${types.map(({ type }) => type).join(', ')})`,
      value: (read) => `map_from_entries(list_transform(map_entries(${read}), lambda ${entry}: ${packed(entry)}))`,
    }
  }
  return {
    as: `STRUCT(${types.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`,
    value: (read) => `CASE WHEN ${read} IS NOT NULL THEN ${packed(read)} END`,
  }
}

const mapParts = ({ key, value }: Extract<TypeTree, { kind: 'MAP' }>) => [
  { name: 'key', of: key },
  { name: 'value', of: value },
]

function listReading(tree: Extract<TypeTree, { kind: 'LIST' }>, written: Written, depth: number): Reading | null {
  const reading = readingOf(tree.of, written, depth + 1)
  if (reading === null) return null
  const element = `element${depth}`
  const list = (read: string) => (tree.length === '[]' ? read : `CAST(${read} AS ${reading.as}[])`)
  return {
    as: `${reading.as}${tree.length}`,
    value: (read) =>
      `CAST(list_transform(${list(read)}, lambda ${element}: ${reading.value(element)}) AS ${spelled(tree)})`,
  }
}

function leafReading(type: string, written: Written): Reading | null {
  const { dateFormat, timestampFormat, exponents, marked } = written
  const fractions = written.points || exponents
  if (type === 'DATE') return dateReading(dateFormat)
  if (type === 'TIMESTAMP') return timestampFormat === undefined ? { as: 'VARCHAR', value: inUtc } : null
  if (type === 'TIME') return { as: 'VARCHAR', value: timeOfDay }
  if (type === 'BOOLEAN' && written.json) return { as: 'VARCHAR', value: (read) => `CAST(${read} AS BOOLEAN)` }
  if (fractions && isWhole(type)) return { as: 'VARCHAR', value: (read) => withoutFraction(read, type, exponents) }
  const [, digits, scale] = fractions ? (/^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type) ?? []) : []
  if (digits !== undefined) return { as: 'VARCHAR', value: (read) => withinScale(read, Number(digits), Number(scale)) }
  return marked && (type === 'VARCHAR' || type === 'JSON') ? { as: type, value: (read) => unmarked(read, type) } : null
}

/** The text that nothing of the type begins like is one that the cast names. */
const notOf = (what: string, read: string) => `'${what}: ' || ${read}`

const holdsExponent = (read: string) => `contains(${read}, 'e') OR contains(${read}, 'E')`

/**
 * DuckDB would round it. `12.00` is a whole number, and so is `1.5e3`; `true` is 1, as in JSON. What most numbers are costs
 * little to see: it holds nothing that stands behind the digits.
 */
const withoutFraction = (read: string, type: string, exponents: boolean) =>
  `CAST(CASE WHEN NOT contains(${read}, '.') AND ${exponents ? `NOT (${holdsExponent(read)})` : `${read} < 'a'`} THEN ${read}
    WHEN ${read} = 'true' THEN '1' WHEN ${read} = 'false' THEN '0'
    WHEN regexp_full_match(${read}, '\\s*[+-]?\\d*\\.0*\\s*') THEN ${read}
    WHEN contains(lower(${read}), 'e') AND TRY_CAST(${read} AS DOUBLE) = trunc(TRY_CAST(${read} AS DOUBLE)) THEN ${read}
    ELSE ${notOf('a fraction', read)} END AS ${type})`

/** DuckDB would round it to the digits that the type has behind the point. Zeros may be more. */
const withinScale = (read: string, digits: number, scale: number) => {
  const type = `DECIMAL(${digits},${scale})`
  const wider = `DECIMAL(38,${38 - digits + scale})`
  const isSame = (other: string) => `CAST(TRY_CAST(${read} AS ${type}) AS ${other}) = TRY_CAST(${read} AS ${other})`
  return `CAST(CASE WHEN NOT (${holdsExponent(read)}) AND (NOT contains(${read}, '.') OR strlen(${read}) - strpos(${read}, '.') <= ${scale}) THEN ${read}
    WHEN ${read} = 'true' THEN '1' WHEN ${read} = 'false' THEN '0'
    WHEN regexp_full_match(${read}, '\\s*[+-]?\\d*\\.\\d{0,${scale}}0*\\s*') THEN ${read}
    WHEN contains(lower(${read}), 'e') AND ${isSame(wider)} AND ${isSame('DOUBLE')} THEN ${read}
    ELSE ${notOf(`more than ${scale} digits behind the point`, read)} END AS ${type})`
}

/** DuckDB would leave out a time that stands behind the day, and anything else that does. */
function dateReading(format: string | undefined): Reading | null {
  if (format === undefined) return { as: 'VARCHAR', value: wholeDay }
  if (!/%-?[HIMSgfncX]/.test(format)) return null
  const moment = (read: string) => `strptime(${read}, ${text(format)})`
  return {
    as: 'VARCHAR',
    value: (read) =>
      `CAST(CASE WHEN ${moment(read)} = date_trunc('day', ${moment(read)}) THEN strftime(${moment(read)}, '%Y-%m-%d') ELSE ${notOf('a time of day', read)} END AS DATE)`,
  }
}

const day = String.raw`\s*(-?\d+([-/. \\])\d{1,2}[-/. \\]\d{1,2}(\s*\(BC\))?|-?(infinity|epoch))`
const midnight = String.raw`(T|\s+)0?0:00(:00(\.0*)?)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)?`

/** That a day is written as most are costs next to nothing to see. */
const wholeDay = (read: string) =>
  `CAST(CASE WHEN ${read} LIKE '____-__-__' AND ${read}[10] BETWEEN '0' AND '9' THEN ${read}
    WHEN regexp_full_match(${read}, ${text(`(?i)${day}(${midnight})?\\s*`)}) THEN ${read}
    ELSE ${notOf('more than a day', read)} END AS DATE)`

/** DuckDB would leave out a day that stands before it, and a zone behind. */
const timeOfDay = (read: string) =>
  `CAST(CASE WHEN ${read} LIKE '__:__:__' OR regexp_full_match(${read}, '\\s*\\d{1,2}:\\d\\d(:\\d\\d(\\.\\d*)?)?\\s*') THEN ${read}
    ELSE ${notOf('more than a time of day', read)} END AS TIME)`

/**
 * DuckDB would leave out the zone that stands behind a TIMESTAMP, and so make it another moment: it becomes UTC. An offset
 * stands behind `+`, or `-` after a colon; of other zones DuckDB takes UTC alone. Nothing stands behind what is written as
 * most times are, up to its seconds and no further: that costs next to nothing to see.
 */
const inUtc = (read: string) =>
  `CASE WHEN ${read} LIKE '_____________:__:__' THEN CAST(${read} AS TIMESTAMP)
    WHEN contains(${read}, '+') OR ${read} LIKE '%:%-%' THEN timezone('UTC', CAST(${read} AS TIMESTAMP WITH TIME ZONE))
    ELSE CAST(${read} AS TIMESTAMP) END`
