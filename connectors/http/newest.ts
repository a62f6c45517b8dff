import type { Schema } from '../../core/record/schema.js'
import { sameName } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import { unmarked } from '../exact-numbers.js'
import type { HttpSourceConfig } from './config.js'
import type { Newest } from './position.js'

/** So many records of one value are known again. */
const mostSeen = 1000

type Incremental = NonNullable<HttpSourceConfig['incremental']>

/** The larger of what was known and of what the records in `table` hold; compared as the column's type compares. */
export async function newestOf(
  known: Newest | null,
  table: string,
  { column }: Incremental,
  schema: Schema,
  session: Session,
): Promise<Newest | null> {
  const at = text(pointerTo(nameIn(column, schema)))
  const type = typeOf(column, schema)
  const before =
    known === null ? '' : `UNION ALL SELECT ${text(known.value)}, ${typed(text(known.value), "''", type)}, NULL`
  const [row = []] = await session.rows(`
    WITH held AS (
      SELECT CAST(${unmarked(`json_extract(json, ${at})`, 'JSON')} AS VARCHAR) AS value, ${typed('json', at, type)} AS typed, ${hashOf} AS hash
      FROM ${table} ${before})
    SELECT arg_max(value, typed), CAST(to_json((list(DISTINCT hash) FILTER (WHERE hash IS NOT NULL AND typed = (SELECT max(typed) FROM held)))[:${mostSeen}]) AS VARCHAR),
      ${known === null ? 'false' : `max(typed) = ${typed(text(known.value), "''", type)}`}
    FROM held`)
  const [value, hashes, isSame] = row
  if (value === null || value === undefined) return known
  const seen = hashes === null || hashes === undefined ? [] : (JSON.parse(String(hashes)) as string[]).sort()
  if (isSame !== true || known === null) return { value: String(value), seen }
  return { value: known.value, seen: [...new Set([...known.seen, ...seen])].slice(0, mostSeen) }
}

/** Takes out what was read before: the records of the value that is asked from, if they are the same still. */
export async function leaveOutSeen(
  since: Newest | null,
  table: string,
  { column }: Incremental,
  schema: Schema,
  session: Session,
): Promise<void> {
  if (since === null || since.seen.length === 0) return
  const at = text(pointerTo(nameIn(column, schema)))
  const type = typeOf(column, schema)
  await session.run(`
    DELETE FROM ${table} WHERE ${typed('json', at, type)} = ${typed(text(since.value), "''", type)}
      AND ${hashOf} IN (${since.seen.map(text).join(', ')})`)
}

/** Half of it is enough to tell a thousand records apart, and a position stays small. */
const hashOf = 'left(md5(json), 16)'

const typed = (json: string, at: string, type: string) =>
  `TRY_CAST(${unmarked(`json_extract_string(${json}, ${at})`, 'VARCHAR')} AS ${type})`

const typeOf = (column: string, schema: Schema) => schema.find(({ name }) => sameName(name, column))?.type ?? 'VARCHAR'
const nameIn = (column: string, schema: Schema) => schema.find(({ name }) => sameName(name, column))?.name ?? column

const pointerTo = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
