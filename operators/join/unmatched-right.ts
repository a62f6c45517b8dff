/** BATCH: RIGHT and FULL tell of right records without a partner at the end. */
import { type Schema, sameName } from '../../core/record/schema.js'
import { emptyRelation, list, namesOf } from '../columns.js'
import type { JoinConfig } from '../join.js'
import { type Compiled, type Input, type StateTable, stateTable } from '../operator.js'
import { equalColumns } from './equal-columns.js'
import type { Sides } from './output-columns.js'

/** Right records that found a partner by `condition` are remembered by what decides it; the others follow at the end. */
export function unmatchedRight(
  config: JoinConfig,
  condition: string,
  { left, right }: Sides,
  items: string,
  nodeId: string,
): Omit<Compiled, 'each' | 'accounting'> {
  const { columns, key } = decidingColumns(config, right)
  const matched = stateTable(nodeId, 'matched')
  const values = key === undefined ? '"right".rowid' : list(namesOf(columns), '"right"')
  const isKnown = `(${values}) IS NOT DISTINCT FROM (${list(namesOf(columns), 'known')})`
  const isNew = `NOT EXISTS (SELECT 1 FROM ${matched} AS known WHERE ${isKnown})`
  return {
    absorb: [
      `INSERT INTO ${matched} SELECT DISTINCT ${values} FROM ${right.table} AS "right" SEMI JOIN ${left.table} AS "left" ON (${condition})
       WHERE ${isNew} ORDER BY ALL`,
    ],
    end: `SELECT ${left.met === null ? items : `${items}, CAST(NULL AS BIGINT) AS ${left.met}`} FROM ${right.table} AS "right" LEFT JOIN ${emptyRelation(left.schema)} AS "left" ON true
      WHERE ${isNew} ORDER BY "right".rowid`,
    state: [
      {
        name: 'matched',
        type: 'LIST',
        table: matched,
        create: `CREATE TABLE ${matched} AS SELECT * FROM ${emptyRelation(columns)}`,
        grows: true,
        port: 'right',
        ...(key !== undefined && { key }),
      },
    ],
  }
}

/** Whether a right record has a partner hangs on these alone; where that cannot be said, its place stands for it. */
function decidingColumns(
  { on, within }: JoinConfig,
  right: Input,
): { readonly columns: Schema } & Pick<StateTable, 'key'> {
  const compared = equalColumns(on)?.right
  if (compared === undefined) return { columns: [{ name: 'place', type: 'BIGINT' }] }
  const names = [...compared, ...(within === undefined || right.time === null ? [] : [right.time])]
  const columns = right.schema.filter((column) => names.some((name) => sameName(name, column.name)))
  return { columns, key: columns.map(({ name }) => ({ column: name, of: name })) }
}
