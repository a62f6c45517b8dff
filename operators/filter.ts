import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { list, namesOf } from './columns.js'
import { failingCondition } from './failing.js'
import { defineOperator, keepingMet, placeIn } from './operator.js'

/** The example to copy: config, ports, SQL and which records it fails for, accounting; nothing else. */
export const filter = defineOperator({
  type: 'FILTER',
  summary: 'Keeps the records for which a condition is true.',
  config: z
    .strictObject({
      where: sql('CONDITION', 'A condition over the columns of the input; where it is NULL, the record goes.'),
    })
    .meta({ title: 'Filter' }),
  ports: [{ name: 'input', byName: true }],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: async ({ where }, [input]) => {
    const columns = keepingMet(input!, [list(namesOf(input!.schema))]).join(', ')
    const kept = `FROM ${input!.table} WHERE (${where})`
    return {
      each: `SELECT ${columns} ${kept}`,
      view: `SELECT ${columns}, rowid AS rowid ${kept}`,
      origins: `SELECT ${placeIn(input!)} ${kept}`,
      failing: await failingCondition(input!.table, where),
      accounting: 'FILTERS',
    }
  },
})
