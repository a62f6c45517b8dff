/** Which role somebody has by what their provider says of them. */
import { ROLES, type Role } from './roles.js'

export interface RoleRule {
  /** Of the claim; `*`: whoever logs in. */
  readonly value: string
  readonly role: Role
}

/** The largest of those that the claim, a text or a list of texts, gives; null: none. */
export function roleFromClaim(claim: unknown, rules: readonly RoleRule[]): Role | null {
  const values = (Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(/[\s,]+/) : []).map(String)
  const given = rules.filter(({ value }) => value === '*' || values.includes(value)).map(({ role }) => role)
  return [...ROLES].reverse().find((role) => given.includes(role)) ?? null
}

/** `etl-admins=ADMIN, etl-team=DEVELOPER, *=USER`; null: it cannot be read. */
export function readRoleRules(text: string): readonly RoleRule[] | null {
  const rules = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.lastIndexOf('=')
      const [value, role] = [part.slice(0, at).trim(), part.slice(at + 1).trim()]
      return at > 0 && value !== '' && ROLES.includes(role as Role) ? { value, role: role as Role } : null
    })
  return rules.length > 0 && rules.every((rule) => rule !== null) ? rules : null
}
