/** A real OpenID Connect provider in this process, and a browser that goes through its pages. */
import { once } from 'node:events'
import { createServer } from 'node:http'
// @ts-expect-error it brings no types
import Provider from 'oidc-provider'
import type { OidcSettings } from '../../process/oidc-environment.js'
import { freePort } from './services.js'

export interface LentProvider {
  readonly settings: OidcSettings
  /** What the provider says of whom. */
  readonly people: Map<string, Readonly<Record<string, unknown>>>
  /** From the page that a log-in begins with to where the provider sends the browser back to. */
  logIn(url: string, name: string): Promise<URL>
}

export async function withProvider(run: (provider: LentProvider) => Promise<void>): Promise<void> {
  const issuer = `http://127.0.0.1:${await freePort()}`
  const redirectUrl = 'http://127.0.0.1:9/api/v1/auth/oidc/callback'
  const people: LentProvider['people'] = new Map()
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'etl',
        client_secret: 'word-of-the-client',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'roles'], email: ['email'] },
    pkce: { required: () => true },
    cookies: { keys: ['of this test'] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: `subject-${id}`, preferred_username: id, ...people.get(id) }),
    }),
  })
  const server = createServer(provider.callback()).listen(Number(new URL(issuer).port), '127.0.0.1')
  await once(server, 'listening')
  const roles = [
    { value: 'etl-admins', role: 'ADMIN' },
    { value: 'etl-team', role: 'DEVELOPER' },
    { value: 'readers', role: 'USER' },
  ] as const
  try {
    await run({
      settings: {
        ...{ issuer, clientId: 'etl', clientSecret: 'word-of-the-client', redirectUrl, roles },
        ...{ scopes: 'openid profile email', roleClaim: 'roles', usernameClaim: 'preferred_username' },
      },
      people,
      logIn: (url, name) => browse(issuer, url, name),
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Keeps cookies, follows redirects within the provider, and fills in its forms. */
async function browse(issuer: string, first: string, name: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let [url, body]: [URL, URLSearchParams | null] = [new URL(first), null]
  for (let step = 0; step < 20; step += 1) {
    const answer: Response = await fetch(url, {
      redirect: 'manual',
      method: body === null ? 'GET' : 'POST',
      headers: { cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join('; ') },
      ...(body === null ? {} : { body }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(key)
      else cookies.set(key, value)
    }
    const location = answer.headers.get('location')
    const page: string = await answer.text()
    if (location !== null) {
      url = new URL(location, url)
      body = null
      if (url.origin !== issuer) return url
      continue
    }
    const prompt: string | undefined = /name="prompt" value="(\w+)"/.exec(page)?.[1]
    if (prompt === undefined) throw new Error(`${url.pathname} answered ${answer.status}: ${page.slice(0, 300)}`)
    url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', url)
    body = new URLSearchParams(prompt === 'login' ? { prompt, login: name, password: 'any' } : { prompt })
  }
  throw new Error('the provider goes round in circles')
}
