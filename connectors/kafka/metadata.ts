import { isUtf8 } from 'node:buffer'
import type { Schema } from '../../core/record/schema.js'
import { identifier, text } from '../../duckdb/sql.js'
import { longObjects } from '../file/json-options.js'
import type { MetadataColumn } from './config.js'
import { headersOf, type Message } from './record-batches.js'

interface Fact {
  readonly type: string
  /** What the file of facts holds; null: the same for all messages of a partition. */
  readonly stored: string | null
  /** From what is stored. */
  sql(place: MessagePlace): string
  /** JSON text; null: it is not text in UTF-8. */
  json(message: Message): string | null
}

export interface MessagePlace {
  readonly topic: string
  readonly partition: number
}

const facts: Readonly<Record<MetadataColumn, Fact>> = {
  topic: { type: 'VARCHAR', stored: null, sql: ({ topic }) => text(topic), json: () => '' },
  partition: { type: 'INTEGER', stored: null, sql: ({ partition }) => `${partition}::INTEGER`, json: () => '' },
  offset: { type: 'BIGINT', stored: 'BIGINT', sql: () => 'o', json: ({ offset }) => String(offset) },
  timestamp: {
    type: 'TIMESTAMP',
    stored: 'BIGINT',
    sql: () => 'make_timestamp(t * 1000)',
    json: ({ timestamp }) => (timestamp < 0 ? 'null' : String(timestamp)),
  },
  key: {
    type: 'VARCHAR',
    stored: 'VARCHAR',
    sql: () => 'k',
    json: ({ bytes, keyAt, keyLength }) =>
      keyLength < 0 ? 'null' : jsonText(bytes.subarray(keyAt, keyAt + keyLength)),
  },
  headers: {
    type: 'MAP(VARCHAR, VARCHAR)',
    stored: 'MAP(VARCHAR, VARCHAR)',
    sql: () => 'h',
    json: headersAsJson,
  },
}

export const metadataSchema = (columns: readonly MetadataColumn[]): Schema =>
  columns.map((name) => ({ name, type: facts[name].type }))

/** One line of JSON a message; null: the column that is no text. */
export function metadataLine(
  columns: readonly MetadataColumn[],
  message: Message,
): string | { readonly notText: MetadataColumn } {
  const parts: string[] = []
  for (const name of columns) {
    if (facts[name].stored === null) continue
    const json = facts[name].json(message)
    if (json === null) return { notText: name }
    parts.push(`"${name[0]}":${json}`)
  }
  return `{${parts.join(',')}}\n`
}

export const storesMetadata = (columns: readonly MetadataColumn[]) =>
  columns.some((name) => facts[name].stored !== null)

/** Columns of a SELECT over `read_json` of the lines. */
export const metadataSelect = (columns: readonly MetadataColumn[], place: MessagePlace): string[] =>
  columns.map((name) => `${facts[name].sql(place)} AS ${identifier(name)}`)

export function readMetadata(columns: readonly MetadataColumn[], file: string, longest: number): string {
  const types = columns.flatMap((name) => {
    const { stored } = facts[name]
    return stored === null ? [] : [`${name[0]}: ${text(stored)}`]
  })
  return `read_json(${text(file)}, compression = 'uncompressed', format = 'newline_delimited', records = true, auto_detect = false, columns = {${types.join(', ')}}${longObjects(longest)})`
}

function jsonText(bytes: Buffer): string | null {
  return isUtf8(bytes) ? JSON.stringify(bytes.toString('utf8')) : null
}

/** The last header of a name counts, as in a map. */
function headersAsJson(message: Message): string | null {
  const headers = new Map<string, string>()
  for (const [name, value] of headersOf(message)) {
    const [key, json] = [jsonText(name), value === null ? 'null' : jsonText(value)]
    if (key === null || json === null) return null
    headers.set(key, json)
  }
  return `{${[...headers].map(([key, json]) => `${key}:${json}`).join(',')}}`
}
