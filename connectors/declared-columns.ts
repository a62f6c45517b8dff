import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../core/errors/job-error.js'
import type { Schema } from '../core/record/schema.js'
import { pointerTo } from '../core/spec/pointer.js'
import type { Session } from '../duckdb/session.js'
import { text } from '../duckdb/sql.js'

/** Declared types as DuckDB writes them. Throws `config.invalid` for a type that there is not. */
export async function declaredColumns(
  columns: Readonly<Record<string, string>>,
  session: Session,
  field = 'columns',
): Promise<Schema> {
  const empty = join(session.folder, 'no-records.jsonl')
  await writeFile(empty, '')
  const schema: Schema[number][] = []
  for (const [name, type] of Object.entries(columns)) {
    const one = `{${text(name)}: ${text(type)}}`
    const select = `SELECT * FROM read_json(${text(empty)}, auto_detect = false, format = 'newline_delimited', columns = ${one})`
    try {
      schema.push(...(await session.describe(select)))
    } catch (cause) {
      throw new JobError('config.invalid', `\`${type}\` is not a type, for column \`${name}\`.`, {
        cause,
        pointer: pointerTo([field, name]),
        hint: 'Types are DuckDB types: BIGINT, DOUBLE, DECIMAL(18,2), VARCHAR, BOOLEAN, DATE, TIMESTAMP, …',
      })
    }
  }
  return schema
}
