/** Columns of a relation, in order. `type` is a DuckDB type as DuckDB writes it: BIGINT, DECIMAL(18,4), TIMESTAMP. */
export interface Column {
  readonly name: string
  readonly type: string
}

export type Schema = readonly Column[]
