import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { sameName } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import { list, namesOf } from './columns.js'
import { columnName } from './config.js'
import { failingValues } from './failing.js'
import { defineOperator, keepingMet, placeIn } from './operator.js'

export const flatmap = defineOperator({
  type: 'FLATMAP',
  summary: 'Makes one record for each element of a list.',
  config: z
    .strictObject({
      unnest: sql('VALUE', 'A list, over the columns of the input.'),
      as: columnName('Column for the element; one of that name is replaced.').default('value'),
      keepEmpty: z.boolean().default(false).describe('Keep a record whose list is empty or missing, with no element.'),
    })
    .meta({ title: 'Flat map' }),
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: ({ unnest, as, keepEmpty }, [input]) => {
    const others = namesOf(input!.schema).filter((name) => !sameName(name, as))
    const elements = keepEmpty ? `CASE WHEN len(${unnest}) > 0 THEN (${unnest}) ELSE [NULL] END` : `(${unnest})`
    const items = [...(others.length === 0 ? [] : [list(others)]), `unnest(${elements}) AS ${identifier(as)}`]
    const what = `The list cannot be computed: ${unnest}`
    return {
      each: `SELECT ${keepingMet(input!, items).join(', ')} FROM ${input!.table}`,
      origins: `SELECT place FROM (SELECT ${placeIn(input!)} AS place, unnest(${elements}) FROM ${input!.table})`,
      failing: failingValues(input!.table, [{ expression: elements, what }]),
      accounting: 'FANS_OUT',
    }
  },
})
