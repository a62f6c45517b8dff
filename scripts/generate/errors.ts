/** Error codes: the table of them, and a page for each that says what to do. */
import { errorPageText } from '../../core/errors/advice.js'
import { CODES, type ErrorCode } from '../../core/errors/codes.js'
import { page, table } from './page.js'

export function errorPages() {
  const rows = Object.entries(CODES).map(([code, facts]) => [
    `[\`${code}\`](../operations/errors/${code}.md)`,
    facts.meaning,
    facts.owner,
    facts.onFailure,
    String(facts.http),
    String(facts.exit),
  ])
  const intro =
    'Whose fault it is, what an execution does about it (RESTART: the restart strategy decides; FAIL: it ends; WAIT: it is ' +
    'tried again without limit), the HTTP status, and the exit code of the command line. Each has a page that says what to ' +
    'look at and what to do; the API serves it as well, behind the `type` of a problem.'
  const codes = Object.keys(CODES) as ErrorCode[]
  return {
    'errors.md': page('Error codes', intro, table(['code', 'meaning', 'whose', 'execution', 'HTTP', 'exit'], rows)),
    ...Object.fromEntries(codes.map((code) => [`../operations/errors/${code}.md`, page(code, errorPageText(code))])),
  }
}
