import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { failingCondition } from './failing.js'
import { defineOperator, placeIn } from './operator.js'

/** The example to copy: config, ports, SQL and which records it fails for, accounting; nothing else. */
export const filter = defineOperator({
  type: 'FILTER',
  summary: 'Keeps the records for which a condition is true.',
  config: z
    .strictObject({
      where: sql('CONDITION', 'A condition over the columns of the input; where it is NULL, the record goes.'),
    })
    .meta({ title: 'Filter' }),
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: async ({ where }, [input]) => {
    const kept = `FROM ${input!.table} WHERE (${where})`
    return {
      each: `SELECT * ${kept}`,
      view: `SELECT *, rowid AS rowid ${kept}`,
      origins: `SELECT ${placeIn(input!)} ${kept}`,
      failing: await failingCondition(input!.table, where),
      accounting: 'FILTERS',
    }
  },
})
