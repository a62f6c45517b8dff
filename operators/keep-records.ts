/** Grouping without partial results: the records themselves are kept, with only the columns that are read. */
import type { Schema } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, list, namesOf, sameName } from './columns.js'
import type { Grouping } from './grouping.js'
import { type Compiled, stateTable } from './operator.js'

export function keepRecords(grouping: Grouping): Compiled {
  const { records, keys, results, windows, nodeId } = grouping
  const state = stateTable(nodeId, 'groups')
  const schema = keptColumns(grouping)
  const items = [
    ...keys.map((key) => identifier(key)),
    ...results.map(({ name, split }) => `(${split.inSourceOrder}) AS ${identifier(name)}`),
  ]
  const grouped = windows === null ? state : windows.assign(`(SELECT rowid, * FROM ${state})`, keys)
  const order = windows === null ? 'min(rowid)' : `${identifier(keys.at(-1)!)}, min(rowid)`
  const groupBy = keys.length === 0 ? '' : ` GROUP BY ${list(keys)} ORDER BY ${order}`
  return {
    each: null,
    absorb: [`INSERT INTO ${state} SELECT ${list(namesOf(schema))} FROM ${records.from}`],
    end: `SELECT ${items.join(', ')} FROM ${grouped}${groupBy}`,
    state: [
      {
        name: 'groups',
        type: 'LIST',
        table: state,
        key: keys.map((column) => ({ column, of: column })),
        create: `CREATE TABLE ${state} AS SELECT * FROM ${emptyRelation(schema)}`,
        grows: true,
      },
    ],
    accounting: 'ABSORBS',
  }
}

export function keptColumns({ records, keys, results, windows }: Grouping): Schema {
  const read = [...keys, ...results.flatMap(({ split }) => split.columns), ...(windows === null ? [] : [windows.time])]
  const needed = records.schema.filter(({ name }) => read.some((column) => sameName(column, name)))
  // A table has at least one column.
  return needed.length > 0 ? needed : records.schema.slice(0, 1)
}
