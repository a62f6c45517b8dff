/** The `where` of an EVENT schedule is judged when an event comes; what is wrong with its SQL is told when it is saved. */

import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { isObject } from '../../core/spec/outline.js'
import { checkUserSql } from '../../duckdb/user-sql.js'

/** They may take all memory before DuckDB can be interrupted, where an API has to go on answering. */
const growing = /\b(range|generate_series|repeat|lpad|rpad|list_resize|array_resize|bar)\s*\(/i

export async function checkEventFilter({ schedule }: Readonly<Record<string, unknown>>): Promise<readonly Problem[]> {
  if (!isObject(schedule) || schedule.type !== 'EVENT' || typeof schedule.where !== 'string') return []
  try {
    await checkUserSql('CONDITION', schedule.where, { now: null })
    const grown = growing.exec(schedule.where.replace(/'[^']*'/g, "''"))
    if (grown === null) return []
    const message = `\`${grown[1]}\` makes much of little, and is not for the condition of an event.`
    return [{ pointer: '/schedule/where', nodeId: null, code: 'sql.refused', message, hint: null }]
  } catch (error) {
    const { code, message, hint } = toJobError(error)
    return [{ pointer: '/schedule/where', nodeId: null, code, message, hint: hint ?? null }]
  }
}
