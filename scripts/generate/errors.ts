/** errors.md: every error code, from the one table of them. */
import { CODES } from '../../core/errors/codes.js'
import { page, table } from './page.js'

export function errorPage() {
  const rows = Object.entries(CODES).map(([code, facts]) => [
    `\`${code}\``,
    facts.meaning,
    facts.owner,
    facts.onFailure,
    String(facts.http),
    String(facts.exit),
  ])
  const intro =
    'Whose fault it is, what an execution does about it (RESTART: the restart strategy decides; FAIL: it ends; WAIT: it is ' +
    'tried again without limit), the HTTP status, and the exit code of the command line.'
  return {
    'errors.md': page('Error codes', intro, table(['code', 'meaning', 'whose', 'execution', 'HTTP', 'exit'], rows)),
  }
}
