/** Which columns a join gives: what `select` chooses of both sides. */
import { JobError } from '../core/errors/job-error.js'
import { identifier } from '../duckdb/sql.js'
import { findColumn, namesOf, sameName } from './columns.js'
import type { JoinConfig } from './join.js'
import type { Input } from './operator.js'

export interface Sides {
  readonly left: Input
  readonly right: Input
}

export interface OutputColumn {
  readonly name: string
  readonly value: string
}

export function outputColumns({ select }: Pick<JoinConfig, 'select'>, sides: Sides): OutputColumn[] {
  const columns = Array.isArray(select)
    ? select.flatMap((item) => namedColumns(item, sides))
    : Object.entries(select ?? { '*': '*' }).flatMap(([name, value]) =>
        name === '*' ? namedColumns(value!, sides) : [{ name, value: `(${value})` }],
      )
  // A map says what it means: `{"*": "left.*", state: …}` gives `state` another value.
  const plain =
    select !== undefined && !Array.isArray(select)
      ? columns.filter((column, at) => !isReplaced(column, at, columns))
      : columns
  for (const [at, { name }] of plain.entries()) {
    if (plain.findIndex((other) => sameName(other.name, name)) !== at) throw ambiguous(name)
  }
  return plain
}

function isReplaced(column: OutputColumn, at: number, columns: readonly OutputColumn[]): boolean {
  return (
    !column.value.startsWith('(') &&
    columns.some((other, place) => place > at && other.value.startsWith('(') && sameName(other.name, column.name))
  )
}

function ambiguous(name: string): JobError {
  return new JobError('sql.invalid', `Both sides have a column \`${name}\`.`, {
    hint: `Say with \`select\` which to keep, such as {"*": "left.*", "right_${name}": "right.${name}"}.`,
  })
}

/** `left.*`, `right.name`, or a name that only one side has. */
function namedColumns(item: string, sides: Sides): OutputColumn[] {
  if (item === '*') return [...namedColumns('left.*', sides), ...namedColumns('right.*', sides)]
  const [, side, name = item] = /^(left|right)\.(.+)$/is.exec(item) ?? []
  if (side === undefined) return [ofEitherSide(name, sides)]
  const port = side.toLowerCase() as 'left' | 'right'
  const columns = namesOf(sides[port].schema)
  const chosen = name === '*' ? columns : [findColumn(columns, name)]
  return chosen.map((column) => ({ name: column, value: `"${port}".${identifier(column)}` }))
}

function ofEitherSide(name: string, { left, right }: Sides): OutputColumn {
  const has = (input: Input) => namesOf(input.schema).some((column) => sameName(column, name))
  if (has(left) && has(right)) throw ambiguous(name)
  const column = findColumn([...namesOf(left.schema), ...namesOf(right.schema)], name)
  return { name: column, value: `${has(left) ? '"left"' : '"right"'}.${identifier(column)}` }
}
