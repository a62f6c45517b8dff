/** The Temporal schedule that keeps the house daily is as the settings say; a change is seen within seconds. */
import { ScheduleOverlapPolicy } from '@temporalio/client'
import { MAINTENANCE, QUEUES } from '../core/execution/workflow-names.js'
import type { ConfigStore } from '../models/stores/config-store.js'
import type { Wanted } from './keep-schedule.js'

export async function maintenanceSchedule(configs: Pick<ConfigStore, 'find'>): Promise<Wanted> {
  const time = (await configs.find('maintenance.time')).value ?? ''
  const [hour = 3, minute = 15] = /^\d\d:\d\d$/.test(time) ? time.split(':').map(Number) : []
  const isEnabled = (await configs.find('maintenance.enabled')).value === 'true'
  return {
    spec: { calendars: [{ hour, minute }], timezone: 'UTC' },
    action: {
      type: 'startWorkflow',
      workflowType: MAINTENANCE.type,
      workflowId: MAINTENANCE.id,
      taskQueue: QUEUES.control,
      args: [{}],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12h' },
    state: { paused: !isEnabled, note: isEnabled ? 'daily' : 'maintenance.enabled is false' },
  }
}
