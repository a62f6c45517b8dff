/** The expression of a CUSTOM partition goes the way of every other SQL of a person: checked, parameters put in. */
import { z } from 'zod'
import { sql } from '../core/config/schema.js'

export const partitionConfig = z.object({
  expression: sql('VALUE', 'The number of the subtask that a record goes to.'),
})
