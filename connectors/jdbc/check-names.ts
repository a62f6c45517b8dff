import type { Problem } from '../../core/errors/problem.js'
import type { Schema } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { JdbcSinkConfig } from './config.js'
import { keyOf } from './config.js'

const longestName = 64

/** Of a table that is to be made: names that the database does not take, and a key that the records do not have. */
export function namesOfNewTable(input: Schema, config: JdbcSinkConfig): readonly Problem[] {
  const problem = (pointer: string, message: string, hint: string | null): Problem => ({
    pointer,
    nodeId: null,
    code: 'schema.mismatch',
    message,
    hint,
  })
  const names = input.map((column) => column.name)
  const known = new Set(names.map((name) => name.toLowerCase()))
  return [
    ...names.flatMap((name) => {
      const fault = faultOf(name)
      return fault === null
        ? []
        : [problem('/table', `A column of a table may not be called \`${name}\`: ${fault}.`, 'Rename it with MAP.')]
    }),
    ...keyOf(config)
      .filter((name) => !known.has(name.toLowerCase()))
      .map((name) => problem('/key', `The records have no column \`${name}\`.`, nearestHint(name, names))),
  ]
}

function faultOf(name: string): string | null {
  const characters = [...name]
  if (characters.length > longestName) return `it is longer than ${longestName} characters`
  if (characters.some((character) => character.codePointAt(0)! > 0xffff || character === '\0')) {
    return 'it holds a character that names may not hold'
  }
  return name.endsWith(' ') ? 'it ends in a space' : null
}
