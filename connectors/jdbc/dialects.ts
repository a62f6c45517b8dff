import { JobError } from '../../core/errors/job-error.js'
import { type JdbcConnection, SCHEMES } from './config.js'
import type { Dialect } from './dialect.js'
import { mysql } from './mysql/index.js'
import { postgres } from './postgres/index.js'
import { sqlite } from './sqlite/index.js'

/** By the scheme of the URL. */
export function dialectOf({ url }: JdbcConnection): Dialect {
  const scheme = url
    .replace(/^jdbc:/i, '')
    .split(':', 1)[0]!
    .toLowerCase()
  const known = SCHEMES.find((each) => each === scheme)
  if (known !== undefined) return dialects[known]
  throw new JobError('config.invalid', `${scheme}:// is no database that is known here.`, {
    pointer: '/connection/url',
    hint: `Known are ${SCHEMES.map((each) => `${each}://`).join(', ')}.`,
  })
}

const dialects: Readonly<Record<(typeof SCHEMES)[number], Dialect>> = {
  mysql,
  mariadb: mysql,
  postgres,
  postgresql: postgres,
  sqlite,
}
