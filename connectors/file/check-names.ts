import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { pointerTo } from '../../core/spec/pointer.js'

/** Throws `schema.mismatch` for a declared column that the file does not have, with the nearest that it has. */
export function checkNames(names: readonly string[], schema: Schema, file: string): void {
  const missing = schema.find((column) => !names.includes(column.name))
  if (!missing) return
  throw new JobError('schema.mismatch', `The file ${file} has no column \`${missing.name}\`.`, {
    pointer: pointerTo(['columns', missing.name]),
    hint: nearestHint(missing.name, names) ?? `It has: ${names.join(', ')}.`,
  })
}
