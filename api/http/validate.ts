/** Checks params, query and body of a call against the schemas of its route; names everything that is wrong at once. */
import type { ConfigSchema } from '../../core/config/schema.js'
import { InvalidInput } from '../../core/errors/invalid-input.js'
import type { Problem } from '../../core/errors/problem.js'

export function validated<T>(schema: ConfigSchema<T> | undefined, value: unknown, part: 'path' | 'query' | 'body'): T {
  if (schema === undefined) return value as T
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue): Problem => {
    const path = issue.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
    return { pointer: path, nodeId: null, code: 'usage.invalid', message: issue.message, hint: null }
  })
  const first = problems[0]
  const place = part === 'body' ? 'The body' : `The ${part}`
  const detail = first === undefined ? '' : ` (${[first.pointer.slice(1), first.message].filter(Boolean).join(': ')})`
  throw new InvalidInput('usage.invalid', `${place} of the request is not valid${detail}`, problems)
}
