/** Pieces that the configs of several operators share. */
import { z } from 'zod'
import { sql } from '../core/config/schema.js'

export const columnName = (description: string) => z.string().min(1).describe(description)

export const columnNames = (description: string) => z.array(z.string().min(1)).describe(description)

/** Words, sizes and brackets only, so that it can stand in a CAST: BIGINT, DECIMAL(18,4), TIMESTAMP WITH TIME ZONE, VARCHAR[]. */
export const columnType = (description: string) =>
  z
    .string()
    .trim()
    .regex(
      /^[A-Za-z][A-Za-z0-9_ ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?(\[\d*\])*$/,
      'Expected a type such as BIGINT, DECIMAL(18,4), TIMESTAMP or VARCHAR[].',
    )
    .describe(description)

export const sortKeys = (description: string) =>
  z
    .array(
      z.strictObject({
        column: columnName('A column of the input.'),
        order: z
          .enum(['ASC', 'DESC'])
          .default('ASC')
          .describe('Smallest or largest first; records without a value come last.'),
      }),
    )
    .min(1)
    .describe(description)

export const aggregates = () =>
  z
    .record(z.string().min(1), sql('AGGREGATE', 'An aggregate over the columns of the input, such as sum(amount).'))
    .describe('Columns of the result, by name.')

export { duration, offset } from '../core/config/schema.js'
