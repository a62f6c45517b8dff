/** The Temporal schedule that evaluates the alert rules each minute. */
import { ScheduleOverlapPolicy } from '@temporalio/client'
import { ALERTS, QUEUES } from '../core/execution/workflow-names.js'
import type { Wanted } from './keep-schedule.js'

export const alertSchedule: Wanted = {
  spec: { intervals: [{ every: '1m' }] },
  action: { type: 'startWorkflow', workflowType: ALERTS.type, workflowId: ALERTS.id, taskQueue: QUEUES.control },
  // What was missed says nothing of now.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '10s' },
  state: { note: 'each minute' },
}
