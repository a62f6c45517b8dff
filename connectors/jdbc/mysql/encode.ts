/** Values as MySQL takes them. What a column would change in silence is written so that it is refused. */
import { text } from '../../../duckdb/sql.js'
import { lostAsFloat, lostDigits, type WrittenColumn } from '../target.js'
import { writtenAs } from './types.js'

/** DuckDB expression over a column. */
export function encodedFor(written: WrittenColumn, column: string): string {
  const { type, into } = written
  const encoded = writtenAs(type).encode(column)
  // The text `0` would be the year 2000.
  if (into.dataType === 'year')
    return `CASE WHEN ${column} = 0 THEN '0000' WHEN ${column} BETWEEN 1 AND 99 THEN 'not a year of four digits: ' || CAST(${column} AS VARCHAR) ELSE CAST(${column} AS VARCHAR) END`
  const change = changeOf(written, column)
  if (change === null) return encoded
  return `CASE WHEN ${change.when} THEN ${change.refused} ELSE CAST(${encoded} AS VARCHAR) END`
}

interface Change {
  readonly when: string
  /** What is written instead: the column does not take it. */
  readonly refused: string
}

function changeOf({ type, into }: WrittenColumn, column: string): Change | null {
  const shown = `CAST(${column} AS VARCHAR)`
  const named = (when: string | null, why: string): Change | null =>
    when === null ? null : { when, refused: `${text(`${why}: `)} || ${shown}` }
  const tooLong = (when: string, filling: string): Change => ({
    when,
    refused: `repeat('${filling}', ${(into.length ?? 255) + 1})`,
  })
  switch (into.dataType) {
    case 'float':
    case 'double':
      return named(lostAsFloat(column, type, into.dataType === 'float' ? 'FLOAT' : 'DOUBLE'), moreDigits)
    // The number of a member would be taken for it, and another case.
    case 'enum':
      return named(`${shown} NOT IN (${membersOf(into.columnType).map(text).join(', ')})`, 'no member')
    // In the order of the column, each of them once.
    case 'set': {
      const kept = `[m FOR m IN [${membersOf(into.columnType).map(text).join(', ')}] IF list_contains(string_split(${shown}, ','), m)]`
      return named(
        `${column} IS NOT NULL AND ${shown} <> coalesce(array_to_string(${kept}, ','), '')`,
        'not the members in order',
      )
    }
    // Spaces at the end come back no more.
    case 'char':
      return ['TEXT', 'JSON'].includes(writtenAs(type).family) ? tooLong(`${shown} LIKE '% '`, '…') : null
    // It is filled with zeros.
    case 'binary':
      return tooLong(`octet_length(${column}) <> ${into.length}`, '00')
    default:
      return into.fraction !== null && /^TIME/.test(type) ? named(lostDigits(column, into.fraction), moreDigits) : null
  }
}

const moreDigits = 'more digits than the column keeps'

/** `enum('a','b''c')`, in which the server escapes as in a statement. */
function membersOf(columnType: string): readonly string[] {
  return [...columnType.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, member]) =>
    member!.replace(/''|\\(.)/gs, (_all, escaped?: string) =>
      escaped === undefined ? "'" : (controls[escaped] ?? escaped),
    ),
  )
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', '0': '\0', t: '\t' }
