import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { defineOperator } from './operator.js'

/** The example to copy: config, ports, SQL, accounting; nothing else. */
export const filter = defineOperator({
  type: 'FILTER',
  summary: 'Keeps the records for which a condition is true.',
  config: z
    .strictObject({
      where: sql('CONDITION', 'A condition over the columns of the input; where it is NULL, the record goes.'),
    })
    .meta({ title: 'Filter' }),
  ports: [{ name: 'input' }],
  modes: ['BATCH'],
  compile: ({ where }, [input]) => ({
    each: `SELECT * FROM ${input!.table} WHERE (${where})`,
    accounting: 'FILTERS',
  }),
})
