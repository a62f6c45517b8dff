/**
 * OpenID Connect, authorization code with PKCE. What a log-in has to come back with travels in a cookie that only this
 * system can read: any API process can finish what another began.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import { JobError } from '../../core/errors/job-error.js'
import { roleFromClaim } from '../../core/security/oidc-roles.js'
import type { Role } from '../../core/security/roles.js'
import { createCipher } from '../../models/encryption.js'
import type { OidcSettings } from '../../process/oidc-environment.js'

export interface OidcPerson {
  /** Issuer and subject: a name may pass to somebody else, this does not. */
  readonly externalId: string
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  /** null: none of theirs counts here. */
  readonly role: Role | null
}

export interface OidcLogin {
  /** Where the browser goes, and the cookie that it has to bring back. */
  begin(): Promise<{ readonly url: string; readonly cookie: string }>
  /** `query` as the provider has sent the browser back with. */
  finish(query: URLSearchParams, cookie: string | undefined): Promise<OidcPerson>
  readonly clearedCookie: string
}

/** What came back has to fit. */
interface Expected {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly until: number
}

export const OIDC_COOKIE = 'etl_oidc'
export const OIDC_PLACE = { table: 'cookie', row: OIDC_COOKIE, field: 'expected' }
const TEN_MINUTES_MS = 600_000

export function openOidc(settings: OidcSettings, secretKey: string, now: () => number = Date.now): OidcLogin {
  const cipher = createCipher(secretKey)
  let known: Promise<Configuration> | null = null
  /** Asked for at the first log-in; a provider that is away then is asked again at the next. */
  const configuration = async () => {
    known ??= discover(settings)
    try {
      return await known
    } catch (cause) {
      known = null
      throw new JobError('connection.refused', 'The OpenID Connect provider cannot be reached', { cause })
    }
  }
  const cookie = (value: string, seconds: number) =>
    `${OIDC_COOKIE}=${value}; Path=/api/v1/auth/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}${settings.redirectUrl.startsWith('https:') ? '; Secure' : ''}`
  return {
    clearedCookie: cookie('', 0),
    async begin() {
      const expected: Expected = {
        state: randomState(),
        nonce: randomNonce(),
        verifier: randomPKCECodeVerifier(),
        until: now() + TEN_MINUTES_MS,
      }
      const url = buildAuthorizationUrl(await configuration(), {
        redirect_uri: settings.redirectUrl,
        scope: settings.scopes,
        state: expected.state,
        nonce: expected.nonce,
        code_challenge: await calculatePKCECodeChallenge(expected.verifier),
        code_challenge_method: 'S256',
      })
      return {
        url: url.href,
        cookie: cookie(cipher.encrypt(JSON.stringify(expected), OIDC_PLACE), TEN_MINUTES_MS / 1000),
      }
    },
    async finish(query, given) {
      const expected = readExpected(given, now())
      const config = await configuration()
      const url = new URL(settings.redirectUrl)
      url.search = query.toString()
      try {
        const tokens = await authorizationCodeGrant(config, url, {
          expectedState: expected.state,
          expectedNonce: expected.nonce,
          pkceCodeVerifier: expected.verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (claims === undefined) throw new Error('no ID token came')
        const more = config.serverMetadata().userinfo_endpoint
          ? await fetchUserInfo(config, tokens.access_token, claims.sub)
          : {}
        return personOf({ ...more, ...claims }, settings)
      } catch (cause) {
        throw new JobError('auth.required', 'The log-in at the provider did not succeed', {
          hint: 'Begin again at GET /api/v1/auth/oidc.',
          cause,
        })
      }
    },
  }

  function readExpected(given: string | undefined, nowMs: number): Expected {
    try {
      const expected = JSON.parse(cipher.decrypt(given ?? '', OIDC_PLACE)) as Expected
      if (expected.until > nowMs) return expected
    } catch {
      // Not one of ours: as if there were none.
    }
    throw new JobError('auth.required', 'This log-in was not begun in this browser, or too long ago', {
      hint: 'Begin again at GET /api/v1/auth/oidc.',
    })
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<Configuration> {
  const authentication = clientSecret === null ? None() : ClientSecretBasic(clientSecret)
  // Only of this machine, see process/oidc-environment.ts.
  const execute = issuer.startsWith('http:') ? [allowInsecureRequests] : []
  return await discovery(new URL(issuer), clientId, undefined, authentication, { execute, timeout: 10 })
}

function personOf(claims: Readonly<Record<string, unknown>>, settings: OidcSettings): OidcPerson {
  const text = (name: string) => (typeof claims[name] === 'string' && claims[name] !== '' ? claims[name] : null)
  const externalId = `${text('iss')} ${text('sub')}`
  const name = text(settings.usernameClaim) ?? text('email') ?? text('sub') ?? ''
  return {
    externalId,
    username: name.replaceAll(/[^A-Za-z0-9._@-]/g, '_').slice(0, 64),
    email: text('email')?.slice(0, 200) ?? null,
    displayName: text('name')?.slice(0, 128) ?? null,
    role: roleFromClaim(claims[settings.roleClaim], settings.roles),
  }
}
