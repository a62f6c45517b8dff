/** The API as the command line sees it: JSON in and out, problem details as errors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES, type ErrorCode } from '../core/errors/codes.js'
import { JobError } from '../core/errors/job-error.js'
import type { Problem } from '../core/errors/problem.js'
import { FailedWithProblems } from './failure.js'

export interface Client {
  readonly url: string
  get<T>(path: string, query?: Query): Promise<T>
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>
  /** Every item of a list, page after page, `most` at most. */
  all<T>(path: string, query?: Query, most?: number): Promise<readonly T[]>
}

export type Query = Readonly<Record<string, string | number | undefined>>

export function connect(variables: NodeJS.ProcessEnv = process.env): Client {
  const url = (variables.ETL_API_URL?.trim() || 'http://127.0.0.1:8080').replace(/\/+$/, '')
  if (!URL.canParse(url)) throw new JobError('environment.invalid', 'ETL_API_URL must look like http://127.0.0.1:8080')
  const token = variables.ETL_TOKEN?.trim() || savedToken(variables, url)
  const send: Client['send'] = async <T>(method: string, path: string, body?: unknown, headers = {}) => {
    const response = await reach(url, method, path, token, body, headers)
    if (!response.ok) throw await failureOf(response)
    const text = await response.text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const get: Client['get'] = async <T>(path: string, query: Query = {}) =>
    await send<T>('GET' as 'POST', path + encode(query))
  return {
    url,
    get,
    send,
    async all<T>(path: string, query: Query = {}, most = Number.POSITIVE_INFINITY) {
      const items: T[] = []
      let cursor: string | undefined
      do {
        const limit = Math.min(500, most - items.length)
        const page = await get<{ items: T[]; nextCursor: string | null }>(path, { ...query, limit, cursor })
        items.push(...page.items)
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined && items.length < most)
      return items
    },
  }
}

export function tokenFile(variables: NodeJS.ProcessEnv = process.env): string {
  return join(variables.ETL_HOME?.trim() || '.etl', 'token.json')
}

/** A saved token is sent only to the server that gave it. */
function savedToken(variables: NodeJS.ProcessEnv, url: string): string | null {
  try {
    const saved = JSON.parse(readFileSync(tokenFile(variables), 'utf8')) as { url?: string; token?: string }
    return saved.url === url ? (saved.token ?? null) : null
  } catch {
    return null
  }
}

async function reach(
  url: string,
  method: string,
  path: string,
  token: string | null,
  body: unknown,
  headers: Record<string, string>,
): Promise<Response> {
  try {
    return await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (cause) {
    throw new JobError('connection.refused', `The API at ${url} cannot be reached`, {
      hint: 'Start it with `etl api`, or set ETL_API_URL. `etl run` needs no server.',
      cause,
    })
  }
}

async function failureOf(response: Response): Promise<JobError> {
  const details = (await response.json().catch(() => ({}))) as {
    code?: string
    detail?: string
    hint?: string
    errors?: readonly Problem[]
  }
  const code =
    details.code !== undefined && details.code in CODES ? (details.code as ErrorCode) : codeOfStatus(response.status)
  const hint = details.hint ?? (code === 'auth.required' ? 'Log in with `etl login`, or set ETL_TOKEN.' : undefined)
  return new FailedWithProblems(
    code,
    details.detail ?? `The API answered ${response.status}`,
    details.errors ?? [],
    hint,
  )
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'auth.required'
  if (status === 403) return 'permission.denied'
  if (status === 404) return 'not.found'
  if (status === 409) return 'conflict'
  return status < 500 ? 'usage.invalid' : 'internal'
}

function encode(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(Object.fromEntries(given.map(([name, value]) => [name, String(value)])))}`
}
