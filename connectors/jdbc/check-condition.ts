import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { Db, Dialect } from './dialect.js'

/**
 * What the database says to a condition on its table, before anything is deleted by it. Asked twice: text that closes
 * the parenthesis around it fails bare, text that goes on after a condition fails in parentheses.
 */
export async function checkCondition(
  dialect: Dialect,
  db: Db,
  table: string,
  condition: string,
): Promise<readonly Problem[]> {
  try {
    for (const text of [inParentheses(condition), condition]) {
      await db.rows(`SELECT 1 FROM ${table} WHERE ${text}\nLIMIT 0`)
    }
    return []
  } catch (error) {
    const { code, message } = toJobError(dialect.fault(error, 'replaceWhere'))
    const hint = 'It is a condition in the dialect of the database, over the columns of the table.'
    return [{ pointer: '/replaceWhere', nodeId: null, code, message, hint }]
  }
}

/** A comment at its end ends with its line. */
export const inParentheses = (condition: string) => `(${condition}\n)`
