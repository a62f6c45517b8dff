import type { Dispatcher } from 'undici'
import { JobError } from '../../core/errors/job-error.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { ConnectorContext } from '../spi.js'
import { agentFor } from './agents.js'
import type { Access, Auth, HttpConnection } from './config.js'
import { digest } from './digest.js'
import { type Pace, paceOf } from './pace.js'

/** Where requests go, and how: a node's own words before those of its connection. */
export interface Endpoint {
  readonly url: URL
  /** Without its query, which may hold what is secret. */
  readonly shown: string
  readonly headers: Readonly<Record<string, string>>
  readonly auth: Auth | null
  /** All of them have to agree that a request begins. */
  readonly paces: readonly Pace[]
  readonly retry: Patience
  readonly timeoutMs: number
  agent(): Promise<Dispatcher>
}

export interface Patience {
  readonly attempts: number
  readonly delayMs: number
  readonly maxDelayMs: number
  readonly budgetMs: number
}

/** Throws `config.invalid` for what is no URL of http, or lies elsewhere than its connection. */
export function endpointOf(access: Access, connection: HttpConnection | null, ctx: ConnectorContext): Endpoint {
  const url = urlOf(access.url, connection)
  const auth = access.auth ?? connection?.auth ?? null
  const shared = digest(connection ?? [url.origin, auth])
  const own = access.rateLimit === undefined ? [] : [paceOf(`${shared} ${shownUrl(url)}`, access.rateLimit)]
  return {
    url,
    shown: shownUrl(url),
    headers: { ...lower(connection?.headers), ...lower(access.headers) },
    auth,
    paces: [paceOf(shared, connection?.rateLimit), ...own],
    retry: patienceOf(access.retry ?? connection?.retry),
    timeoutMs: ms(access.timeout ?? connection?.timeout ?? '60s'),
    agent: () => agentFor(connection, ctx.privateHosts),
  }
}

/** Somebody waits for the answer: it is tried once more at most. */
export function impatient(endpoint: Endpoint): Endpoint {
  const { retry } = endpoint
  return {
    ...endpoint,
    retry: { ...retry, attempts: Math.min(retry.attempts, 2), budgetMs: Math.min(retry.budgetMs, 5000) },
  }
}

export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`

function urlOf(text: string, connection: HttpConnection | null): URL {
  if (connection === null) return parseUrl(text, '/url')
  const base = parseUrl(connection.url, '/connection/url')
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseUrl(joined(base, text), '/url')
  const url = parseUrl(text, '/url')
  if (url.origin === base.origin) return url
  throw new JobError('config.invalid', `The URL is not one of the connection, whose host is ${base.origin}.`, {
    pointer: '/url',
    hint: 'Say only what comes behind the URL of the connection: `/orders`.',
  })
}

/** A query of the connection's URL stays, before that of the node. */
function joined(base: URL, behind: string): string {
  const [path = '', query] = behind.replace(/^\/+/, '').split('?', 2)
  const queries = [base.search.slice(1), query ?? ''].filter((part) => part !== '')
  const url = `${base.origin}${base.pathname.replace(/\/+$/, '')}${path === '' ? '' : `/${path}`}`
  return queries.length === 0 ? url : `${url}?${queries.join('&')}`
}

/** The text may hold what is secret: it is not repeated. */
function parseUrl(text: string, pointer: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new JobError('config.invalid', 'It is not a URL of http or https.', { pointer })
  if (url.username === '' && url.password === '') return url
  throw new JobError('config.invalid', 'A URL holds no user and no password.', {
    pointer,
    hint: 'Say `auth: {type: BASIC, username: …, password: …}`.',
  })
}

function patienceOf(retry: Access['retry']): Patience {
  const { attempts = 5, delay = '500ms', maxDelay = '30s', budget = '2m' } = retry ?? {}
  return { attempts, delayMs: ms(delay), maxDelayMs: ms(maxDelay), budgetMs: ms(budget) }
}

const ms = (duration: string) => parseDuration(duration) ?? 0

const lower = (headers: Readonly<Record<string, string>> | undefined) =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
