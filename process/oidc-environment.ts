/** How people log in through an OpenID Connect provider; nothing of it is set: by password alone. */
import { type RoleRule, readRoleRules } from '../core/security/oidc-roles.js'
import { reader, type Variables } from './variables.js'

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  /** null: a public client, by PKCE alone. */
  readonly clientSecret: string | null
  /** `…/api/v1/auth/oidc/callback`, as browsers reach it and as the provider knows it. */
  readonly redirectUrl: string
  readonly scopes: string
  readonly roleClaim: string
  readonly roles: readonly RoleRule[]
  readonly usernameClaim: string
}

/** Adds to `problems` what is wrong. */
export function readOidc(variables: Variables, problems: string[]): OidcSettings | null {
  const read = reader(variables, problems)
  const given = (name: string) => read<string | null>(`ETL_OIDC_${name}`, String, () => null)
  const issuer = given('ISSUER')
  if (issuer === null) return null
  const needed = (name: string, example: string): string => {
    const value = given(name)
    if (value === null) problems.push(`ETL_OIDC_${name} is not set, and ETL_OIDC_ISSUER is; it looks like ${example}`)
    return value ?? ''
  }
  const redirectUrl = needed('REDIRECT_URL', 'https://etl.example/api/v1/auth/oidc/callback')
  for (const [name, url] of [
    ['ISSUER', issuer],
    ['REDIRECT_URL', redirectUrl],
  ] as const)
    if (url !== '' && !isSafeUrl(url))
      problems.push(`ETL_OIDC_${name} must be an https:// URL, or http:// on this machine`)
  const roles = readRoleRules(needed('ROLES', 'etl-admins=ADMIN, etl-team=DEVELOPER, *=USER'))
  if (given('ROLES') !== null && roles === null)
    problems.push('ETL_OIDC_ROLES must look like etl-admins=ADMIN, etl-team=DEVELOPER, *=USER')
  return {
    issuer,
    clientId: needed('CLIENT_ID', 'etl'),
    clientSecret: given('CLIENT_SECRET'),
    redirectUrl,
    scopes: given('SCOPES') ?? 'openid profile email',
    roleClaim: given('ROLE_CLAIM') ?? 'roles',
    roles: roles ?? [],
    usernameClaim: given('USERNAME_CLAIM') ?? 'preferred_username',
  }
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
}
