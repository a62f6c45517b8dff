/** Text of a user becomes SQL that may run: parsed, walked against the allow-list, pinned in time, printed again. */
import type { SqlKind } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'

export type UserSqlKind = Exclude<SqlKind, 'FOREIGN'>

export interface UserSqlOptions {
  /** What `now()` means (I9), ISO 8601; null: any time of the right type, for binding only. */
  readonly now: string | null
  /** QUERY: names of the tables that may be read. */
  readonly tables?: readonly string[]
}

export async function checkUserSql(kind: UserSqlKind, text: string, options: UserSqlOptions): Promise<string> {
  throw new JobError('internal', `Not there yet: ${kind} ${text} ${options.now}`)
}
