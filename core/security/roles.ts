/** Who may do what: each role may do all that the one before it may. */
export const ROLES = ['USER', 'DEVELOPER', 'ADMIN'] as const

export type Role = (typeof ROLES)[number]

/** PUBLIC needs no log-in. */
export type Access = Role | 'PUBLIC'

export function includesRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}
