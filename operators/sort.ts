import { z } from 'zod'
import { emptyRelation, namesOf, orderBy } from './columns.js'
import { sortKeys } from './config.js'
import { defineOperator, stateTable } from './operator.js'

export const sort = defineOperator({
  type: 'SORT',
  summary: 'Gives all records in order, at the end; equal ones in source order.',
  config: z.strictObject({ by: sortKeys('What to sort by, most important first.') }).meta({ title: 'Sort' }),
  ports: [{ name: 'input' }],
  modes: ['BATCH'],
  key: () => ({ input: [] }),
  compile: ({ by }, [input], { nodeId }) => {
    const records = stateTable(nodeId, 'records')
    return {
      each: null,
      absorb: [`INSERT INTO ${records} SELECT * FROM ${input!.table}`],
      end: `SELECT * FROM ${records} ORDER BY ${[...orderBy(by, namesOf(input!.schema)), 'rowid'].join(', ')}`,
      state: [
        {
          name: 'records',
          type: 'LIST',
          table: records,
          create: `CREATE TABLE ${records} AS SELECT * FROM ${emptyRelation(input!.schema)}`,
          grows: true,
        },
      ],
      accounting: 'ABSORBS',
    }
  },
})
