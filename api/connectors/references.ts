/** `${secret:NAME}` and `${env:ETL_NAME}` in a connection that is tested here, as a worker would resolve them. */
import { JobError } from '../../core/errors/job-error.js'
import type { ApiDeps } from '../deps.js'

export async function resolveReferences(value: unknown, deps: ApiDeps): Promise<unknown> {
  if (typeof value === 'string') return await resolveText(value, deps)
  if (Array.isArray(value)) return await Promise.all(value.map((item) => resolveReferences(item, deps)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, item]) => [key, await resolveReferences(item, deps)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function resolveText(text: string, deps: ApiDeps): Promise<string> {
  let resolved = ''
  let from = 0
  for (const match of text.matchAll(/\$\{(secret|env):([^}]+)\}/g)) {
    const [whole, kind, name = ''] = match
    resolved +=
      text.slice(from, match.index) + (kind === 'secret' ? await deps.secrets.resolve(name) : variable(name, deps))
    from = match.index + whole.length
  }
  return resolved + text.slice(from)
}

function variable(name: string, deps: ApiDeps): string {
  const value = /^ETL_VAR_\w+$/.test(name) ? deps.parts.environment[name] : undefined
  if (value !== undefined) return value
  throw new JobError('not.found', `There is no environment variable ${name} that specs may use`, {
    hint: 'Their names begin with ETL_VAR_.',
  })
}
