/** Parts of a keyed state one after another, in SQL: what is left of them when each is put upon those before it. */
import type { Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import type { StateTable } from '../../operators/operator.js'

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

export function shapeOf({ type, changes }: Pick<StateTable, 'type' | 'changes'>, schema: Schema): Shape {
  const names = schema.map(({ name }) => name.toLowerCase())
  let gone = 'gone'
  while (names.includes(gone)) gone += '_'
  return { type, schema, key: changes?.by ?? [], gone: changes?.gone == null ? null : gone }
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
  // In a MAP, what is set takes the place of what was there all the same.
  const only = shape.type === 'MAP' ? withoutKeysOf(shape, goneKeys, [set]) : `SELECT * FROM (${goneKeys})`
  const tombstones = `SELECT ${[keys, ...nothing, `true AS ${gone}`].join(', ')} FROM (${only})`
  return `${tombstones} UNION ALL BY NAME SELECT *, false AS ${gone} FROM (${set})`
}

/** SELECT of one part from several, given by their SELECTs in order. Within a part, rows follow what has gone. */
export function merged(shape: Shape, parts: readonly string[]): string {
  const columns = schemaOfPart(shape)
    .map(({ name }) => identifier(name))
    .join(', ')
  if (parts.length === 1) return `SELECT ${columns} FROM (${parts[0]})`
  if (shape.type === 'LIST') return mergedList(shape, columns, parts)
  return parts
    .map((part, at) => `SELECT ${columns} FROM (${withoutKeysOf(shape, part, parts.slice(at + 1))})`)
    .join(' UNION ALL ')
}

/** A join that can spill, where a window over wide rows cannot. */
export function withoutKeysOf({ key }: Shape, rows: string, others: readonly string[]): string {
  if (others.length === 0) return `SELECT * FROM (${rows})`
  const keys = key.map((name) => identifier(name))
  const later = others.map((other) => `SELECT ${keys.join(', ')} FROM (${other})`).join(' UNION ALL ')
  const same = keys.map((name) => `earlier.${name} IS NOT DISTINCT FROM later.${name}`).join(' AND ')
  return `SELECT * FROM (${rows}) AS earlier WHERE NOT EXISTS (SELECT 1 FROM (${later}) AS later WHERE ${same})`
}

function mergedList({ key, gone }: Shape, columns: string, parts: readonly string[]): string {
  const all = parts
    .map((part, at) => `SELECT ${columns}, ${at} AS "the part", row_number() OVER () AS "the place" FROM (${part})`)
    .join(' UNION ALL ')
  const inOrder = 'ORDER BY "the part", "the place"'
  if (gone === null) return `SELECT ${columns} FROM (${all}) ${inOrder}`
  const flag = identifier(gone)
  const keys = key.map((name) => identifier(name)).join(', ')
  const lastGone = `max("the part") FILTER (WHERE ${flag}) OVER (PARTITION BY ${keys})`
  return `SELECT ${columns} FROM (${all})
    QUALIFY CASE WHEN ${flag} THEN row_number() OVER (PARTITION BY ${keys}, ${flag} ORDER BY "the part") = 1
      ELSE "the part" >= coalesce(${lastGone}, 0) END ${inOrder}`
}
