import type { Column } from '../../../core/record/schema.js'
import { type JdbcSinkConfig, keyOf } from '../config.js'
import type { Destination } from '../dialect.js'
import { name } from './sql.js'

/** Without keys of its own, so that it takes every record; `CREATE TEMPORARY` does not end a transaction. */
export function createStaging(into: Destination, staging: string): string {
  const columns = into.columns.map((column) => name(column.name)).join(', ')
  return `CREATE TEMPORARY TABLE ${staging} ENGINE = InnoDB AS SELECT ${columns}, CAST(0 AS SIGNED) AS etl_order FROM ${into.table} LIMIT 0`
}

/** In source order, so that the last record of a key wins. */
export function upsertStaged(into: Destination, config: JdbcSinkConfig, staging: string): string {
  const columns = into.columns.map((column) => name(column.name)).join(', ')
  const key = new Set(keyOf(config).map((column) => column.toLowerCase()))
  const values = into.columns.filter((column) => !key.has(column.name.toLowerCase()))
  const updated = values.length > 0 ? values : into.columns.slice(0, 1)
  const assign = (column: Column) => `${name(column.name)} = VALUES(${name(column.name)})`
  return `INSERT INTO ${into.table} (${columns}) SELECT ${columns} FROM ${staging} ORDER BY etl_order
     ON DUPLICATE KEY UPDATE ${updated.map(assign).join(', ')}`
}
