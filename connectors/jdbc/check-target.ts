import type { Problem } from '../../core/errors/problem.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { faultsOfNewColumns } from './check-names.js'
import type { JdbcSinkConfig } from './config.js'
import type { Writing } from './dialect.js'
import type { Target } from './target.js'

/** What does not fit between the records and the table, all at once. */
export function compareWithTarget(
  writing: Writing,
  input: Schema,
  target: Target,
  { table, onSchemaChange }: JdbcSinkConfig,
): readonly Problem[] {
  const names = target.columns.map((column) => column.name)
  const problems: Problem[] = []
  for (const column of input) {
    const found = target.columns.find((one) => sameName(one.name, column.name))
    if (!found) {
      if (onSchemaChange === 'EVOLVE') problems.push(...faultsOfNewColumns(writing, [column]))
      if (onSchemaChange !== 'FAIL') continue
      problems.push(problem(`The table ${table} has no column \`${column.name}\`.`, nearestHint(column.name, names)))
      continue
    }
    const fault = writing.faultOfType(column.type)
    if (found.generated) {
      const message = `The column \`${found.name}\` of ${table} is computed by the database.`
      problems.push(problem(message, 'Drop it before the sink.'))
    } else if (fault !== null) {
      problems.push(problem(`The column \`${column.name}\` cannot be written: ${fault}.`, 'Cast it before the sink.'))
    } else if (!writing.fits(column.type, found)) {
      const message = `The column \`${found.name}\` of ${table} is ${found.columnType}, which does not hold ${column.type}.`
      problems.push(problem(message, 'Cast it before the sink, or change the table.'))
    }
  }
  const given = input.map((column) => column.name)
  for (const { name, required } of target.columns) {
    if (!required || given.some((one) => sameName(one, name))) continue
    const message = `The column \`${name}\` of ${table} must be given: it is NOT NULL and has no default.`
    problems.push(problem(message, nearestHint(name, given)))
  }
  return problems
}

const problem = (message: string, hint: string | null): Problem => ({
  pointer: '/table',
  nodeId: null,
  code: 'schema.mismatch',
  message,
  hint,
})
