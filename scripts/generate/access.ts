/** docs/reference/access.md: every route and who may call it, from api/access.ts. */
import { ROUTES } from '../../api/routes.js'
import { includesRole, ROLES, type Role } from '../../core/security/roles.js'
import { page, table } from './page.js'

export function accessPage(): Readonly<Record<string, string>> {
  const tags = [...new Set(ROUTES.map(({ tag }) => tag))]
  const sections = tags.map((tag) => {
    const rows = ROUTES.filter((route) => route.tag === tag).map((route) => [
      `\`${route.method.toUpperCase()} ${route.path}\``,
      ...[null, ...ROLES].map((role) => answerTo(role, route)),
      route.audit === undefined ? '' : `\`${route.audit.operation}\``,
    ])
    return `## ${tag}\n\n${table(['route', 'nobody', ...ROLES, 'in the audit as'], rows)}`
  })
  return { 'access.md': page('Who may do what', INTRO, ...sections) }
}

const INTRO = `Routes below \`/api/v1\`. \`yes\`: the call goes on; 401: log in first; 403: you see it, and may not do it; 404: for you there is
no such thing. A token with a smaller role than its user has that role. Some routes look closer: your own tokens are yours to revoke, those of others an ADMIN's.`

function answerTo(role: Role | null, { access, visibleTo }: (typeof ROUTES)[number]): string {
  if (access === 'PUBLIC' || visibleTo === 'PUBLIC') return 'yes'
  if (role === null) return '401'
  if (!includesRole(role, visibleTo)) return '404'
  return includesRole(role, access) ? 'yes' : '403'
}
