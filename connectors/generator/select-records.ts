import { identifier } from '../../duckdb/sql.js'
import type { GeneratorSplit } from './plan-records.js'

export interface ColumnSql {
  readonly name: string
  /** Over `n` and the columns above. */
  readonly sql: string
  /** By a person, so it may fail for some records. */
  readonly isWritten: boolean
}

/** Records by their number, in that order. The name of a column above stands for its value, which DuckDB calls a lateral alias. */
export function selectRecords(columns: readonly ColumnSql[], range: GeneratorSplit, where = ''): string {
  const list = columns.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ')
  return `SELECT ${list} FROM ${numbers(range)}${where}`
}

export const numbers = ({ from, to }: GeneratorSplit): string => `range(${from}, ${to}) AS generated(n)`
