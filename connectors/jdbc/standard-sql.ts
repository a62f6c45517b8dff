/** Names and tables as standard SQL writes them: PostgreSQL and SQLite. */
import { type Column, type Schema, sameName } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { type JdbcSinkConfig, keyOf } from './config.js'

export { identifier as name, text } from '../../duckdb/sql.js'

/** `table` or `schema.table`, quoted. */
export function asWritten(table: string): string {
  const dot = table.indexOf('.')
  return (dot === -1 ? [table] : [table.slice(0, dot), table.slice(dot + 1)]).map(identifier).join('.')
}

/** `ddl`: the type of a column. */
export function createTableSql(config: JdbcSinkConfig, input: Schema, ddl: (column: Column) => string): string {
  const key = keyOf(config)
  const isKey = (column: Column) => key.some((one) => sameName(one, column.name))
  const columns = input.map((column) => `${identifier(column.name)} ${ddl(column)}${isKey(column) ? ' NOT NULL' : ''}`)
  const keyColumns = input.filter(isKey).map((column) => identifier(column.name))
  const primary = keyColumns.length > 0 ? [`PRIMARY KEY (${keyColumns.join(', ')})`] : []
  return `CREATE TABLE IF NOT EXISTS ${asWritten(config.table)} (${[...columns, ...primary].join(', ')})`
}
