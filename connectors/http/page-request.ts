import { JobError } from '../../core/errors/job-error.js'
import type { HttpSourceConfig } from './config.js'
import type { Endpoint } from './endpoint.js'
import type { Outgoing } from './exchange.js'
import { plainOf } from './pages.js'
import type { HttpPosition, Page } from './position.js'

/** The request of a page: where its parameters go, in the query and in the body. */
export function requestOf(
  config: HttpSourceConfig,
  { url: base, headers }: Pick<Endpoint, 'url' | 'headers'>,
  page: Page,
  since: HttpPosition['since'],
): Outgoing {
  const isLinked = page.kind === 'LINK' && page.url !== null
  const url = new URL(isLinked ? page.url : base)
  const inBody = new Map<string, string>()
  const set = (name: string, json: string) => {
    if (name.startsWith('/')) inBody.set(name, json)
    else url.searchParams.set(name, plainOf(json))
  }
  // A link says everything itself.
  if (!isLinked) {
    for (const [name, value] of Object.entries(config.query ?? {}))
      for (const one of [value].flat()) url.searchParams.append(name, String(one))
    for (const [name, json] of parametersOf(config, page, since)) set(name, json)
  } else for (const [name, json] of parametersOf(config, page, since)) if (name.startsWith('/')) set(name, json)
  const body = bodyOf(config.body, inBody)
  return {
    method: config.method ?? (body === null ? 'GET' : 'POST'),
    url,
    headers: {
      accept: headers.accept ?? 'application/json',
      ...(typeof config.body === 'object' ? { 'content-type': headers['content-type'] ?? 'application/json' } : {}),
    },
    body,
  }
}

/** By name, as JSON. */
function parametersOf(
  { pagination, incremental }: HttpSourceConfig,
  page: Page,
  since: HttpPosition['since'],
): [string, string][] {
  const all: [string, string][] = []
  if (incremental !== undefined && since !== null) all.push([incremental.param, since.value])
  if (pagination?.sizeParam !== undefined && pagination.size !== undefined)
    all.push([pagination.sizeParam, String(pagination.size)])
  if (page.kind === 'NUMBER' && (pagination?.type === 'PAGE' || pagination?.type === 'OFFSET'))
    all.push([pagination.param, String(page.value)])
  if (page.kind === 'CURSOR' && page.cursor !== null && pagination?.type === 'CURSOR')
    all.push([pagination.param, page.cursor])
  return all
}

/** Values go in as JSON has them: a number of 20 digits keeps them all. */
function bodyOf(body: HttpSourceConfig['body'], values: ReadonlyMap<string, string>): string | null {
  if (body === undefined) return null
  if (typeof body === 'string') return body
  const whole = structuredClone(body) as Record<string, unknown>
  const marks = new Map<string, string>()
  for (const [pointer, json] of values) {
    const mark = `\u0000${marks.size}`
    marks.set(JSON.stringify(mark), json)
    place(whole, pointer, mark)
  }
  return [...marks].reduce((text, [mark, json]) => text.replace(mark, () => json), JSON.stringify(whole))
}

function place(whole: Record<string, unknown>, pointer: string, value: string): void {
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at = whole
  for (const step of steps.slice(0, -1)) {
    if (!Object.hasOwn(at, step)) at[step] = {}
    const below = at[step]
    if (typeof below !== 'object' || below === null)
      throw new JobError('config.invalid', `There is no place ${pointer} in the body: ${step} is no object.`, {
        pointer: '/body',
      })
    at = below as Record<string, unknown>
  }
  Object.defineProperty(at, steps.at(-1)!, { value, enumerable: true, configurable: true, writable: true })
}
