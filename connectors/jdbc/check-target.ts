import type { Problem } from '../../core/errors/problem.js'
import type { Column, Schema } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { JdbcSinkConfig } from './config.js'
import type { Target, TargetColumn } from './target.js'
import { type Family, writtenAs } from './types.js'

/** What does not fit between the records and the table, all at once. */
export function compareWithTarget(input: Schema, target: Target, config: JdbcSinkConfig): readonly Problem[] {
  const problem = (message: string, hint: string | null = null): Problem => ({
    pointer: '/table',
    nodeId: null,
    code: 'schema.mismatch',
    message,
    hint,
  })
  const names = target.columns.map((column) => column.name)
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]))
  const problems: Problem[] = []
  for (const column of input) {
    const found = byName.get(column.name.toLowerCase())
    if (!found) {
      if (config.onSchemaChange !== 'FAIL') continue
      problems.push(
        problem(`The table ${config.table} has no column \`${column.name}\`.`, nearestHint(column.name, names)),
      )
    } else if (found.generated) {
      problems.push(
        problem(
          `The column \`${found.name}\` of ${config.table} is computed by the database.`,
          'Drop it before the sink.',
        ),
      )
    } else if (!fits(column, found)) {
      problems.push(
        problem(
          `The column \`${found.name}\` of ${config.table} is ${found.columnType}, which does not hold ${column.type}.`,
          'Cast it before the sink, or change the table.',
        ),
      )
    }
  }
  const given = new Set(input.map((column) => column.name.toLowerCase()))
  for (const column of target.columns) {
    if (!column.required || given.has(column.name.toLowerCase())) continue
    const near = nearestHint(
      column.name,
      input.map((one) => one.name),
    )
    problems.push(
      problem(
        `The column \`${column.name}\` of ${config.table} must be given: it is NOT NULL and has no default.`,
        near,
      ),
    )
  }
  return problems
}

/** By kind: a value that is out of range is a matter of records. */
function fits({ type }: Column, target: TargetColumn): boolean {
  const { family } = writtenAs(type)
  const kind = target.dataType
  if (target.scale !== null && family === 'DECIMAL' && decimals.has(kind)) {
    const scale = Number(/,\s*(\d+)\)/.exec(type)?.[1] ?? 0)
    return scale <= target.scale
  }
  return holds[family].some((kinds) => kinds.has(kind))
}

const integers = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
const decimals = new Set(['decimal'])
const floats = new Set(['float', 'double'])
const texts = new Set([
  'char',
  'varchar',
  'tinytext',
  'text',
  'mediumtext',
  'longtext',
  'enum',
  'set',
  'json',
  'uuid',
  'inet6',
  'inet4',
])
const binaries = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])

const holds: Readonly<Record<Family, readonly ReadonlySet<string>[]>> = {
  INTEGER: [integers, decimals, floats, texts, new Set(['year', 'bit'])],
  DECIMAL: [decimals, floats, texts],
  FLOAT: [floats, texts],
  TEXT: [texts],
  JSON: [texts],
  BINARY: [binaries],
  DATE: [new Set(['date', 'datetime', 'timestamp']), texts],
  DATETIME: [new Set(['datetime', 'timestamp']), texts],
  TIME: [new Set(['time']), texts],
  BOOLEAN: [integers, decimals, new Set(['bit'])],
}
