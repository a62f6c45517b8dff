/** The Temporal schedule that keeps the house daily is as the settings say; a change is seen within seconds. */
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
} from '@temporalio/client'
import type { Workflow } from '@temporalio/common'
import { reportError } from '../core/errors/job-error.js'
import { MAINTENANCE, QUEUES } from '../core/execution/workflow-names.js'
import type { ConfigStore } from '../models/stores/config-store.js'

interface Log {
  warn(details: object, message: string): void
}

interface Wanted {
  readonly hour: number
  readonly minute: number
  readonly isEnabled: boolean
}

const EVERY_MS = 10_000

/** Every worker does the same; a catalogue or a server that is away is asked again. */
export function keepMaintenanceSchedule(
  client: Client,
  configs: Pick<ConfigStore, 'find'>,
  log: Log,
): { stop(): void } {
  let made: string | null = null
  const attempt = async () => {
    try {
      const wanted = await read(configs)
      const text = JSON.stringify(wanted)
      if (text === made) return
      await makeSchedule(client, wanted)
      made = text
    } catch (error) {
      log.warn({ code: reportError(error).code }, 'the schedule of the maintenance could not be set; it is tried again')
    }
  }
  const timer = setInterval(attempt, EVERY_MS)
  timer.unref()
  void attempt()
  return { stop: () => clearInterval(timer) }
}

async function read(configs: Pick<ConfigStore, 'find'>): Promise<Wanted> {
  const time = (await configs.find('maintenance.time')).value ?? ''
  const [hour = 3, minute = 15] = /^\d\d:\d\d$/.test(time) ? time.split(':').map(Number) : []
  return { hour, minute, isEnabled: (await configs.find('maintenance.enabled')).value === 'true' }
}

async function makeSchedule(client: Client, { hour, minute, isEnabled }: Wanted): Promise<void> {
  const options: Pick<ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>>, 'spec' | 'action' | 'policies'> = {
    spec: { calendars: [{ hour, minute }], timezone: 'UTC' },
    action: {
      type: 'startWorkflow',
      workflowType: MAINTENANCE.type,
      workflowId: MAINTENANCE.id,
      taskQueue: QUEUES.control,
      args: [{}],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12h' },
  }
  const state = { paused: !isEnabled, note: isEnabled ? 'daily' : 'maintenance.enabled is false' }
  try {
    await client.schedule.create({ scheduleId: MAINTENANCE.id, ...options, state })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    await client.schedule
      .getHandle(MAINTENANCE.id)
      .update((before) => ({ ...before, ...options, state: { ...before.state, ...state } }))
  }
}
