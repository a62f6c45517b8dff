/** The columns that every window adds. */
import { JobError } from '../../core/errors/job-error.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { referencedColumns } from '../../duckdb/aggregates.js'
import type { Aggregation } from '../group/group-records.js'

export const windowColumns: Schema = [
  { name: 'window_start', type: 'TIMESTAMP' },
  { name: 'window_end', type: 'TIMESTAMP' },
]

/** A column of the input by the same name is none of the result's, so nothing may be asked of it. */
export async function refuseOwnColumns(
  input: Schema,
  { groupBy, aggregates }: Pick<Aggregation, 'groupBy' | 'aggregates'>,
): Promise<void> {
  const read = (await Promise.all(Object.values(aggregates).map((expression) => referencedColumns(expression)))).flat()
  for (const { name } of windowColumns) {
    if (groupBy.some((key) => sameName(key, name))) {
      const hint = 'Leave it out of `groupBy`. A column of the input by that name gets another one in a MAP before.'
      throw new JobError('sql.invalid', `Every window has its own \`${name}\`.`, { hint })
    }
    const isBoth = input.some((column) => sameName(column.name, name)) && read.some((column) => sameName(column, name))
    if (!isBoth) continue
    const hint = 'Give that of the input another name in a MAP before.'
    throw new JobError('sql.invalid', `The input and the window both have a column \`${name}\`.`, { hint })
  }
}
