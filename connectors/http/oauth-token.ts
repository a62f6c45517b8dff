/** Tokens of OAuth2 clients, kept for all that use them in this process. */
import type { Dispatcher } from 'undici'
import { JobError } from '../../core/errors/job-error.js'
import type { Auth } from './config.js'
import { digest } from './digest.js'
import { collect, exchange } from './exchange.js'

type Client = Extract<Auth, { type: 'OAUTH2' }>

interface Kept {
  readonly token: string
  /** From then on another one is fetched. */
  readonly renewAt: number
}

const kept = new Map<string, Kept>()
const underWay = new Map<string, Promise<Kept>>()

/** Renewed before it runs out, by one request, however many ask. Throws `connection.denied`, or an error of the network. */
export async function tokenFor(client: Client, agent: Dispatcher, signal: AbortSignal): Promise<string> {
  const key = digest(client)
  const known = kept.get(key)
  if (known !== undefined && Date.now() < known.renewAt) return known.token
  const present = underWay.get(key)
  // Whoever fetches may be cancelled: that is not the end of those who wait with it.
  if (present) return (await present.catch(() => null))?.token ?? (await tokenFor(client, agent, signal))
  const fetching = fetchToken(client, agent, signal)
  underWay.set(key, fetching)
  try {
    const fetched = await fetching
    kept.set(key, fetched)
    return fetched.token
  } finally {
    underWay.delete(key)
  }
}

/** False: another one has taken its place already, or there was none. */
export function forgetToken(client: Client, refused: string): boolean {
  const key = digest(client)
  if (kept.get(key)?.token === refused) kept.delete(key)
  return refused !== ''
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

async function fetchToken(client: Client, agent: Dispatcher, signal: AbortSignal): Promise<Kept> {
  const url = new URL(client.tokenUrl)
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (client.scope !== undefined) form.set('scope', client.scope)
  if (client.audience !== undefined) form.set('audience', client.audience)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  if (client.clientAuth === 'BASIC')
    // Both are encoded as in a form before (RFC 6749, 2.3.1).
    headers.authorization = basic(encodeURIComponent(client.clientId), encodeURIComponent(client.clientSecret))
  else {
    form.set('client_id', client.clientId)
    form.set('client_secret', client.clientSecret)
  }
  const startedAt = Date.now()
  const outgoing = { method: 'POST', url, headers, body: form.toString() } as const
  const answer = await exchange(outgoing, () => ({ headers: {}, query: {} }), agent, signal)
  const said = readObject((await collect(answer, mostBytes)).toString('utf8'))
  const { access_token: token, expires_in: lifetime, error } = said
  if (answer.status >= 500 || answer.status === 429)
    throw Object.assign(new Error(`the token server answers ${answer.status}`), { code: 'ECONNREFUSED' })
  if (answer.status !== 200 || typeof token !== 'string' || token === '') {
    // The error's name only: what else stands there may repeat what was sent.
    const why =
      typeof error === 'string' && /^[\w.-]{1,64}$/.test(error) ? error : `an answer ${answer.status} without a token`
    throw new JobError('connection.denied', `There is no token from ${url.origin}${url.pathname}: ${why}.`, {
      pointer: '/auth',
      hint: 'Check `clientId`, `clientSecret`, `scope` and `clientAuth`.',
    })
  }
  const seconds = Number(lifetime)
  const lives = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : usualLifeMs
  return { token, renewAt: startedAt + lives - Math.min(lives / 5, 60_000) }
}

const mostBytes = 1024 * 1024
/** Where the server does not say. */
const usualLifeMs = 5 * 60_000

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
