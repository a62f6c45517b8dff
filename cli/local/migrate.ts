/** `etl migrate`: brings the catalogue to this version's schema; needs ETL_MYSQL_URL and nothing else. */

import { migrate } from '../../models/migrate.js'
import { printSchema } from '../../models/print-schema.js'
import { readMysqlUrl } from '../../process/environment.js'
import type { Context } from '../command.js'

export async function migrateCommand(
  { output, variables }: Context,
  options: { readonly print?: boolean },
): Promise<void> {
  if (options.print === true) {
    const sql = printSchema()
    return output.result({ sql }, () => sql)
  }
  const { applied } = await migrate(readMysqlUrl(variables), { log: (line) => output.note(line) })
  output.result({ applied }, () =>
    applied.length === 0 ? 'The database is up to date' : `${applied.length} steps applied`,
  )
}
