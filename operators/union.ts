import { z } from 'zod'
import { list, namesOf } from './columns.js'
import { defineOperator, keepingMet } from './operator.js'

export const union = defineOperator({
  type: 'UNION',
  summary: 'Puts the records of several inputs into one stream.',
  config: z
    .strictObject({
      mode: z
        .enum(['BY_NAME', 'BY_POSITION'])
        .default('BY_NAME')
        .describe(
          'BY_NAME: a column that an input lacks is NULL. BY_POSITION: same number of columns, names of the first input.',
        ),
    })
    .meta({ title: 'Union' }),
  ports: 'MANY',
  modes: ['BATCH', 'STREAMING'],
  takesAlone: () => true,
  compile: ({ mode }, inputs) => ({
    each: inputs
      .map((input) => `SELECT ${keepingMet(input, [list(namesOf(input.schema))]).join(', ')} FROM ${input.table}`)
      .join(mode === 'BY_NAME' ? ' UNION ALL BY NAME ' : ' UNION ALL '),
    accounting: 'MAPS',
  }),
})
