/** A time of a schedule has come, and its workflow asks for its execution. */
import type { Scheduled } from '../activities/deps.js'
import type { ScheduleStore } from '../models/stores/schedule-store.js'
import { cancelOvertaken, type Overtaking } from './cancel-overtaken.js'

export interface Scheduling extends Overtaking {
  readonly schedules: Pick<ScheduleStore, 'fire'>
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void }
}

export function startScheduled({ schedules, executions, workflows, log }: Scheduling) {
  return async ({ scheduleId, logicalTime, workflow }: Scheduled): Promise<string | null> => {
    const fired = await schedules.fire({ scheduleId, logicalTime, workflow, now: new Date() })
    if (!fired.isStarted) {
      log.info({ scheduleId, logicalTime, reason: fired.reason }, 'a time of a schedule starts nothing')
      return null
    }
    await cancelOvertaken({ executions, workflows, log }, fired)
    return fired.executionId
  }
}
