/** Records whose keys are taken: by rows of the target, or by records before them. The server warns without their number. */
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import type { Destination } from '../dialect.js'
import { execute, name, rowsOf } from './sql.js'

const staging = '`etl_duplicates`'

interface UniqueKey {
  readonly name: string
  readonly columns: readonly string[]
}

/** By place in the batch; none where the keys cannot be compared like this. Nothing of it stays in the target. */
export async function findDuplicates(
  connection: Connection,
  to: Destination,
  /** Loads what is left of the batch into a table. */
  stage: (staging: Destination) => Promise<ResultSetHeader>,
): Promise<ReadonlyMap<number, string>> {
  const keys = await uniqueKeys(connection, to)
  if (keys.length === 0) return new Map()
  const columns = to.columns.map((column) => name(column.name)).join(', ')
  await execute(connection, `DROP TEMPORARY TABLE IF EXISTS ${staging}`)
  await execute(
    connection,
    `CREATE TEMPORARY TABLE ${staging} ENGINE = InnoDB AS SELECT ${columns}, CAST(0 AS SIGNED) AS etl_order FROM ${to.table} LIMIT 0`,
  )
  try {
    await stage({ ...to, table: staging, order: 'etl_order' })
    const found = new Map<number, string>()
    for (const key of keys) await findTaken(connection, to, key, found)
    await findRepeated(connection, keys, found)
    return found
  } finally {
    await execute(connection, `DROP TEMPORARY TABLE IF EXISTS ${staging}`)
  }
}

async function uniqueKeys(connection: Connection, to: Destination): Promise<UniqueKey[]> {
  const rows = await rowsOf(connection, `SHOW INDEX FROM ${to.table} WHERE Non_unique = 0`)
  const names = [...new Set(rows.map((row) => String(row.Key_name)))]
  const keys = names.map((key) => rows.filter((row) => row.Key_name === key))
  const given = new Set(to.columns.map((column) => column.name.toLowerCase()))
  return keys
    .filter((parts) =>
      parts.every((part) => part.Sub_part === null && given.has(String(part.Column_name).toLowerCase())),
    )
    .map((parts) => ({ name: String(parts[0]!.Key_name), columns: parts.map((part) => String(part.Column_name)) }))
}

/**
 * By the index of the key, whatever the server thinks of the target's size: it knows little of rows that are not committed,
 * and takes a full table for an empty one, which it would compare with every record, row by row, for hours.
 */
async function findTaken(
  connection: Connection,
  to: Destination,
  key: UniqueKey,
  found: Map<number, string>,
): Promise<void> {
  const same = key.columns.map((column) => `staged.${name(column)} = target.${name(column)}`).join(' AND ')
  const rows = await rowsOf(
    connection,
    `SELECT staged.etl_order AS place, ${entryOf(key, 'staged')} AS entry FROM ${staging} AS staged
     STRAIGHT_JOIN ${to.table} AS target FORCE INDEX (${name(key.name)}) ON ${same}`,
  )
  for (const { place, entry } of rows) if (!found.has(Number(place))) found.set(Number(place), messageOf(key, entry))
}

/** In source order: the first of a key stays, unless another of its keys is taken. */
async function findRepeated(
  connection: Connection,
  keys: readonly UniqueKey[],
  found: Map<number, string>,
): Promise<void> {
  const claims: { place: number; group: string; message: string }[] = []
  for (const key of keys) {
    const columns = key.columns.map(name).join(', ')
    const given = key.columns.map((column) => `${name(column)} IS NOT NULL`).join(' AND ')
    // A temporary table may be named once in a statement: hence windows, and no join.
    const rows = await rowsOf(
      connection,
      `SELECT place, first, entry FROM (
         SELECT etl_order AS place, MIN(etl_order) OVER same AS first, COUNT(*) OVER same AS many, ${entryOf(key, staging)} AS entry
         FROM ${staging} WHERE ${given} WINDOW same AS (PARTITION BY ${columns})) AS grouped WHERE many > 1`,
    )
    for (const { place, first, entry } of rows)
      claims.push({ place: Number(place), group: `${key.name} ${first}`, message: messageOf(key, entry) })
  }
  const byPlace = new Map<number, typeof claims>()
  for (const claim of claims) byPlace.set(claim.place, [...(byPlace.get(claim.place) ?? []), claim])
  const taken = new Set<string>()
  for (const place of [...byPlace.keys()].sort((a, b) => a - b)) {
    if (found.has(place)) continue
    const own = byPlace.get(place)!
    const refused = own.find(({ group }) => taken.has(group))
    if (refused !== undefined) found.set(place, refused.message)
    else for (const { group } of own) taken.add(group)
  }
}

const entryOf = (key: UniqueKey, table: string) =>
  `LEFT(CONCAT_WS('-', ${key.columns.map((column) => `${table}.${name(column)}`).join(', ')}), 200)`

/** As the server says it. */
const messageOf = (key: UniqueKey, entry: unknown) => `Duplicate entry '${String(entry)}' for key '${key.name}'`
