/** Checks params, query and body of a call against the schemas of its route; names everything that is wrong at once. */
import { checkConfig } from '../../core/config/problems.js'
import type { ConfigSchema } from '../../core/config/schema.js'
import { InvalidInput } from '../../core/errors/invalid-input.js'

export function validated<T>(schema: ConfigSchema<T> | undefined, value: unknown, part: 'path' | 'query' | 'body'): T {
  if (schema === undefined) return value as T
  const result = checkConfig(schema, value, { pointer: '', nodeId: null, code: 'usage.invalid' })
  if (result.ok) return result.value
  const [first] = result.problems
  const place = part === 'body' ? 'The body' : `The ${part}`
  const detail = first === undefined ? '' : ` (${[first.pointer.slice(1), first.message].filter(Boolean).join(': ')})`
  throw new InvalidInput('usage.invalid', `${place} of the request is not valid${detail}`, result.problems)
}

/** A range that ends before it begins holds nothing, and is a mistake. */
export function refuseBackward(query: unknown): void {
  const { from, to } = (query ?? {}) as { readonly from?: unknown; readonly to?: unknown }
  if (typeof from !== 'string' || typeof to !== 'string' || Date.parse(from) <= Date.parse(to)) return
  const message = `\`from\` (${from}) is later than \`to\` (${to})`
  throw new InvalidInput('usage.invalid', message, [
    { pointer: '/from', nodeId: null, code: 'usage.invalid', message, hint: 'Swap the two.' },
  ])
}
