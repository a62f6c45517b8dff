/** A file of CSV that a database wrote, as the Parquet file of a capture. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import type { ReadColumn } from './relation.js'

/** How NULL is written; a text that looks like it is quoted. */
export const csvNull = '\\N'

/** `longest`: bytes of its longest row. */
export async function captureCsv(
  file: string,
  longest: number,
  columns: readonly ReadColumn[],
  session: Session,
): Promise<string> {
  const kept = join(session.folder, `${randomUUID()}.captured.parquet`)
  // Parquet keeps milliseconds of an INTERVAL.
  const typed = columns.map(({ type, hex }) => (hex || type === 'JSON' || type === 'INTERVAL' ? 'VARCHAR' : type))
  const values = columns.map(({ hex }, at) => (hex ? `unhex(c${at}) AS c${at}` : `c${at}`)).join(', ')
  const write = (types: readonly string[]) =>
    session.run(
      `COPY (SELECT ${values} FROM read_csv(${text(file)}, ${csvForm(longest)}, columns = {${types.map((type, at) => `c${at}: ${text(type)}`).join(', ')}}))
       TO ${text(kept)} (FORMAT parquet)`,
    )
  try {
    await write(typed)
  } catch (error) {
    if (!isValueFault(error)) throw error
    // Values that a type does not hold are told apart when the capture is read.
    await write(columns.map(() => 'VARCHAR'))
  }
  return kept
}

/** Everything that is not about a value, such as a full disk, stays what it is. */
const isValueFault = (error: unknown) =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  (error.code === 'record.bad' || error.code === 'internal')

/** The end of a line is said: DuckDB would take it from the first line, where a text may hold another one. */
const csvForm = (longest: number) =>
  `auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = ${text(csvNull)}, allow_quoted_nulls = false, new_line = '\\n'${longest < usualLine ? '' : `, max_line_size = ${longest + 1}, buffer_size = ${2 * (longest + 1)}`}`

/** DuckDB's own bound, in bytes. */
const usualLine = 2_000_000
