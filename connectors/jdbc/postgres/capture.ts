import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../../../duckdb/session.js'
import { captureCsv, csvNull } from '../captured-csv.js'
import { openCsvFile } from '../csv-file.js'
import type { ReadColumn } from '../relation.js'
import { text } from '../standard-sql.js'
import { copyOut, streamOf } from './copy.js'
import type { PostgresDb } from './db.js'

/** `COPY … TO`: the server writes CSV itself, every value exactly. */
export async function capture(
  { client }: PostgresDb,
  sql: string,
  columns: readonly ReadColumn[],
  session: Session,
): Promise<string> {
  const path = join(session.folder, `${randomUUID()}.csv`)
  const stream = streamOf(client)
  const file = await openCsvFile(
    path,
    () => stream.pause(),
    () => stream.resume(),
  )
  try {
    const names = columns.map((_, at) => `c${at}`)
    // An empty text is told from a line that is empty.
    const quoted = names.filter((_, at) => /VARCHAR|JSON/.test(columns[at]!.type))
    const force = quoted.length === 0 ? '' : `, FORCE_QUOTE (${quoted.join(', ')})`
    const copied = `COPY (SELECT * FROM (${sql}) AS rows (${names.join(', ')})) TO STDOUT (FORMAT csv, NULL ${text(csvNull)}${force})`
    await copyOut(client, copied, (row) => {
      const { block, at } = file.room(row.length)
      row.copy(block, at)
      file.wrote(at + row.length)
    })
    return await captureCsv(path, await file.end(), columns, session)
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}
