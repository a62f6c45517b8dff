import { isSecretName } from '../../core/security/secret-fields.js'
import type { Endpoint } from './endpoint.js'
import { basic, forgetToken, tokenFor } from './oauth-token.js'

/** What a request to the endpoint's own host carries besides. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

export async function credentialsOf({ auth, agent }: Endpoint, signal: AbortSignal): Promise<Credentials> {
  switch (auth?.type) {
    case undefined:
      return { headers: {}, query: {} }
    case 'BASIC':
      return inHeader('authorization', basic(auth.username, auth.password))
    case 'BEARER':
      return inHeader('authorization', `Bearer ${auth.token}`)
    case 'API_KEY':
      return auth.in === 'QUERY'
        ? { headers: {}, query: { [auth.name]: auth.value } }
        : inHeader(auth.name.toLowerCase(), auth.value)
    case 'OAUTH2':
      return inHeader('authorization', `Bearer ${await tokenFor(auth, await agent(), signal)}`)
  }
}

/** Whether it is worth to try once more after a 401: what was refused can be renewed. */
export function renew({ auth }: Endpoint, refused: Credentials): boolean {
  return auth?.type === 'OAUTH2' && forgetToken(auth, (refused.headers.authorization ?? '').slice('Bearer '.length))
}

/** A server may repeat what it was sent: of its words nothing is told that is secret. */
export function withoutSecrets(
  said: string,
  { auth, headers: own }: Pick<Endpoint, 'auth' | 'headers'>,
  { headers, query }: Credentials,
  { searchParams }: URL,
): string {
  const named = [...Object.entries(own), ...searchParams].flatMap(([name, value]) =>
    isSecretName(name) ? [value] : [],
  )
  const raw = auth?.type === 'BASIC' ? [auth.password] : auth?.type === 'OAUTH2' ? [auth.clientSecret] : []
  const sent = [...Object.values(headers), ...Object.values(query), ...named]
  return [...raw, ...sent.map((value) => value.replace(/^(Basic|Bearer|Token) /i, ''))]
    .flatMap(spellings)
    .filter((secret) => secret.length > 3)
    .sort((a, b) => b.length - a.length)
    .reduce(
      (text, secret) => text.replaceAll(new RegExp(secret.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '***'),
      said,
    )
}

/** As it may stand in a URL, in a form, in JSON and in HTML. */
function spellings(secret: string): readonly string[] {
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const json = JSON.stringify(secret).slice(1, -1)
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  const url = encodeURIComponent(secret)
  return [
    secret,
    secret.replaceAll(' ', '+'),
    url,
    encodeURI(secret),
    form,
    form.replaceAll('+', '%20'),
    json,
    json.replaceAll('/', '\\/'),
    html,
    html.replaceAll("'", '&#39;'),
  ]
}

const inHeader = (name: string, value: string): Credentials => ({ headers: { [name]: value }, query: {} })
