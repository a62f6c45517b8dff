/** AGGREGATE without partial results: the records themselves are kept, with only the columns that are read. */
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, list, namesOf, sameName } from './columns.js'
import type { Grouping } from './keep-partials.js'
import { type Compiled, stateTable } from './operator.js'

export function keepRecords({ input, keys, results, nodeId }: Grouping): Compiled {
  const state = stateTable(nodeId, 'groups')
  const read = [...keys, ...results.flatMap(({ split }) => split.columns)]
  const needed = input.schema.filter(({ name }) => read.some((column) => sameName(column, name)))
  // A table has at least one column.
  const schema = needed.length > 0 ? needed : input.schema.slice(0, 1)
  const items = [
    ...keys.map((key) => identifier(key)),
    ...results.map(({ name, split }) => `(${split.inSourceOrder}) AS ${identifier(name)}`),
  ]
  const grouping = keys.length === 0 ? '' : ` GROUP BY ${list(keys)} ORDER BY min(rowid)`
  return {
    each: null,
    absorb: [`INSERT INTO ${state} SELECT ${list(namesOf(schema))} FROM ${input.table}`],
    end: `SELECT ${items.join(', ')} FROM ${state}${grouping}`,
    state: [
      {
        name: 'groups',
        type: 'LIST',
        table: state,
        create: `CREATE TABLE ${state} AS SELECT * FROM ${emptyRelation(schema)}`,
        grows: true,
      },
    ],
    accounting: 'ABSORBS',
  }
}
