/** Parts of a keyed state one after another, in SQL: what is left of them when each is put upon those before it. */
import type { Schema } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import type { StateTable } from '../operators/operator.js'

/** How the rows of a state and of its parts look. */
export interface Shape {
  readonly type: StateTable['type']
  /** Of the state. */
  readonly schema: Schema
  readonly key: readonly string[]
  /**
   * A column of the parts: true in a row that holds only a key, of which no row of an earlier part is left; null: no row
   * ever goes.
   */
  readonly gone: string | null
}

export function shapeOf(
  { type, key = [], changes }: Pick<StateTable, 'type' | 'key' | 'changes'>,
  schema: Schema,
): Shape {
  const names = schema.map(({ name }) => name.toLowerCase())
  let gone = 'gone'
  while (names.includes(gone)) gone += '_'
  return { type, schema, key: key.map(({ column }) => column), gone: changes?.gone == null ? null : gone }
}

export function schemaOfPart({ schema, gone }: Shape): Schema {
  return gone === null ? schema : [...schema, { name: gone, type: 'BOOLEAN' }]
}

/** What an epoch has changed, as a part. */
export function partOf(shape: Shape, set: string, goneKeys: string | null): string {
  if (shape.gone === null || goneKeys === null) return set
  const gone = identifier(shape.gone)
  const keys = shape.key.map((name) => identifier(name)).join(', ')
  const nothing = shape.schema
    .filter(({ name }) => !shape.key.includes(name))
    .map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`)
  const tombstones = `SELECT ${[keys, ...nothing, `true AS ${gone}`].join(', ')} FROM (${goneKeys})`
  return `${tombstones} UNION ALL BY NAME SELECT *, false AS ${gone} FROM (${set})`
}

/** SELECT of one part from several, given by their SELECTs in order. Within a part, rows follow what has gone. */
export function merged(shape: Shape, parts: readonly string[]): string {
  const columns = schemaOfPart(shape)
    .map(({ name }) => identifier(name))
    .join(', ')
  if (parts.length === 1) return `SELECT ${columns} FROM (${parts[0]})`
  const isList = shape.type === 'LIST'
  const place = isList ? ', row_number() OVER () AS "the place"' : ''
  const all = parts
    .map((part, number) => `SELECT ${columns}, ${number} AS "the part"${place} FROM (${part})`)
    .join(' UNION ALL ')
  const order = isList ? ' ORDER BY "the part", "the place"' : ''
  return `SELECT ${columns} FROM (${all})${condition(shape)}${order}`
}

function condition({ type, key, gone }: Shape): string {
  const keys = key.map((name) => identifier(name)).join(', ')
  if (type !== 'LIST') {
    const order = ['"the part" DESC', ...(gone === null ? [] : [`${identifier(gone)}`])].join(', ')
    return ` QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${order}) = 1`
  }
  if (gone === null) return ''
  const flag = identifier(gone)
  const lastGone = `max("the part") FILTER (WHERE ${flag}) OVER (PARTITION BY ${keys})`
  return ` QUALIFY CASE WHEN ${flag} THEN row_number() OVER (PARTITION BY ${keys}, ${flag} ORDER BY "the part") = 1
    ELSE "the part" >= coalesce(${lastGone}, 0) END`
}
