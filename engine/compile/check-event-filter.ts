/** The `where` of an EVENT schedule is judged when an event comes; what is wrong with its SQL is told when it is saved. */

import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { isObject } from '../../core/spec/outline.js'
import { checkEventCondition } from '../event-condition.js'

export async function checkEventFilter({ schedule }: Readonly<Record<string, unknown>>): Promise<readonly Problem[]> {
  if (!isObject(schedule) || schedule.type !== 'EVENT' || typeof schedule.where !== 'string') return []
  try {
    await checkEventCondition(schedule.where)
    return []
  } catch (error) {
    const { code, message, hint } = toJobError(error)
    return [{ pointer: '/schedule/where', nodeId: null, code, message, hint: hint ?? null }]
  }
}
