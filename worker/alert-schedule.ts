/** The Temporal schedule that evaluates the alert rules each minute; made by whichever worker comes first. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import { reportError } from '../core/errors/job-error.js'
import { ALERTS, QUEUES } from '../core/execution/workflow-names.js'

interface Log {
  warn(details: object, message: string): void
}

const AGAIN_MS = 10_000

/** A server that is away is asked again. */
export function keepAlertSchedule(client: Client, log: Log): { stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const attempt = async () => {
    try {
      await makeSchedule(client)
    } catch (error) {
      log.warn({ code: reportError(error).code }, 'the schedule of the alerts could not be made; it is tried again')
      if (!isStopped) timer = setTimeout(attempt, AGAIN_MS).unref()
    }
  }
  void attempt()
  return {
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

async function makeSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: ALERTS.id,
      spec: { intervals: [{ every: '1m' }] },
      action: { type: 'startWorkflow', workflowType: ALERTS.type, workflowId: ALERTS.id, taskQueue: QUEUES.control },
      // What was missed says nothing of now.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '10s' },
      state: { note: 'each minute' },
    })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
}
