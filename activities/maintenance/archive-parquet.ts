/**
 * Old rows as Parquet in the checkpoint store: `archive/<table>/<name>.parquet`. The server writes each row as one line of
 * CSV, DuckDB reads the lines as one table: no value becomes a JavaScript object on its way.
 */
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openSession } from '../../duckdb/open-session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { type ColumnFacts, columnsOf } from '../../models/stores/maintenance/columns.js'
import type { HouseWork } from './work.js'

const MEMORY_BYTES = 512 * 1024 ** 2

export const archiveKey = (table: string, name: string): string => `archive/${table}/${name}.parquet`

/** Answers how many rows the file holds. */
export async function archiveMonthAsParquet(work: HouseWork, table: string, partition: string): Promise<number> {
  return await archiveAsParquet(work, table, partition, `PARTITION (${partition}) ORDER BY id`)
}

/** `where` goes behind the table's name. The same name again, with the same rows or more: the newer file. */
export async function archiveAsParquet(
  { house, store, scratch, signal }: HouseWork,
  table: string,
  name: string,
  where: string,
  values: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const folder = await mkdtemp(join(scratch, 'archive-'))
  try {
    const columns = (await columnsOf(house, table)).filter(({ isGenerated }) => !isGenerated)
    const sql = `SELECT CONCAT_WS(',', ${columns.map(cell).join(', ')}) AS line FROM ${table} ${where}`
    await pipeline(
      Readable.from(joined(house.lines(sql, values), signal)),
      createWriteStream(join(folder, 'rows.csv'), { highWaterMark: 1024 ** 2 }),
    )
    const rows = await toParquet(folder, columns)
    await store.put(archiveKey(table, name), join(folder, 'rows.parquet'))
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function toParquet(folder: string, columns: readonly ColumnFacts[]): Promise<number> {
  const session = await openSession({ folder, memoryLimitBytes: MEMORY_BYTES, threads: 1 })
  try {
    const types = columns.map((column) => `${text(column.name)}: ${text(duckdbType(column.type))}`)
    const csv = `read_csv(${text(join(folder, 'rows.csv'))}, header = false, auto_detect = false, delim = ',', quote = '"',
      escape = '"', nullstr = '', allow_quoted_nulls = false, max_line_size = 16777216, buffer_size = 33554432, parallel = false,
      columns = {${types.join(', ')}})`
    const target = text(join(folder, 'rows.parquet'))
    await session.run(
      `COPY (SELECT * FROM ${csv} ORDER BY ${identifier('id')}) TO ${target} (FORMAT parquet, COMPRESSION zstd)`,
    )
    return await session.count(`SELECT COUNT(*) FROM read_parquet(${target})`)
  } finally {
    session.close()
  }
}

/** NULL is an empty cell, and an empty text a quoted one. */
function cell({ name, type }: ColumnFacts): string {
  const column = `\`${name}\``
  if (/^(bigint|int|smallint|tinyint|mediumint|double|float|decimal|datetime|timestamp|date)\b/i.test(type))
    return `IFNULL(${column}, '')`
  return `IFNULL(CONCAT('"', REPLACE(${column}, '"', '""'), '"'), '')`
}

export function duckdbType(type: string): string {
  if (/^bigint.*unsigned/i.test(type)) return 'UBIGINT'
  if (/^(bigint|int.*unsigned)/i.test(type)) return 'BIGINT'
  if (/^(int|smallint|tinyint|mediumint)\b/i.test(type)) return 'INTEGER'
  if (/^(double|float)\b/i.test(type)) return 'DOUBLE'
  if (/^decimal/i.test(type)) return type.toUpperCase()
  return /^(datetime|timestamp)\b/i.test(type) ? 'TIMESTAMP' : 'VARCHAR'
}

async function* joined(lines: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  let block: string[] = []
  for await (const line of lines) {
    block.push(line)
    if (block.length < 1000) continue
    signal.throwIfAborted()
    yield `${block.join('\n')}\n`
    block = []
  }
  if (block.length > 0) yield `${block.join('\n')}\n`
}
