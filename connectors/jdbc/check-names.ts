import type { Problem } from '../../core/errors/problem.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { type JdbcSinkConfig, keyOf } from './config.js'
import type { Writing } from './dialect.js'

/** Of columns that are to be made: names and types that the database does not take. */
export function faultsOfNewColumns({ faultOfName, faultOfType }: Writing, columns: Schema): readonly Problem[] {
  return columns.flatMap(({ name, type }) => {
    const fault = faultOfName(name)
    const lossy = faultOfType(type)
    return [
      ...(fault === null
        ? []
        : [problem('/table', `A column of a table may not be called \`${name}\`: ${fault}.`, 'Rename it with MAP.')]),
      ...(lossy === null
        ? []
        : [problem('/table', `The column \`${name}\` cannot be written: ${lossy}.`, 'Cast it before the sink.')]),
    ]
  })
}

/** Of a table that is to be made: a key that the records do not have. */
export function faultsOfKey(input: Schema, config: JdbcSinkConfig): readonly Problem[] {
  const names = input.map((column) => column.name)
  return keyOf(config)
    .filter((name) => !names.some((known) => sameName(known, name)))
    .map((name) => problem('/key', `The records have no column \`${name}\`.`, nearestHint(name, names)))
}

const problem = (pointer: string, message: string, hint: string | null): Problem => ({
  pointer,
  nodeId: null,
  code: 'schema.mismatch',
  message,
  hint,
})
