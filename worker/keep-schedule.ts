/** A Temporal schedule of the house is kept as it is wanted, by every worker; whatever is away is asked again. */
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
} from '@temporalio/client'
import type { Workflow } from '@temporalio/common'
import { reportError } from '../core/errors/job-error.js'

export type Wanted = Pick<
  ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>>,
  'spec' | 'action' | 'policies' | 'state'
>

interface Log {
  warn(details: object, message: string): void
}

const EVERY_MS = 10_000

/** What is wanted is read every few seconds, and written when it differs from what was written last. */
export function keepSchedule(
  client: Client,
  scheduleId: string,
  read: () => Promise<Wanted>,
  log: Log,
): { stop(): void } {
  let made: string | null = null
  const attempt = async () => {
    try {
      const wanted = await read()
      const text = JSON.stringify(wanted)
      if (text === made) return
      await write(client, scheduleId, wanted)
      made = text
    } catch (error) {
      const { code } = reportError(error)
      log.warn({ scheduleId, code }, 'a schedule of the house could not be set; it is tried again')
    }
  }
  const timer = setInterval(attempt, EVERY_MS)
  timer.unref()
  void attempt()
  return { stop: () => clearInterval(timer) }
}

async function write(client: Client, scheduleId: string, { state, ...wanted }: Wanted): Promise<void> {
  try {
    await client.schedule.create({ scheduleId, ...wanted, ...(state === undefined ? {} : { state }) })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    const handle = client.schedule.getHandle(scheduleId)
    await handle.update((before) => ({ ...before, ...wanted, state: { ...before.state, ...state } }))
  }
}
