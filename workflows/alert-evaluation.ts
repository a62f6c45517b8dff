/** Each minute: alerts are raised and resolved, then what is to be told is sent on its way; nobody here waits for a receiver. */
import { proxyActivities, sleep } from '@temporalio/workflow'
import type { AlertActivities } from '../activities/contract.js'
import { QUEUES } from '../core/execution/workflow-names.js'

/** The next minute's run goes on with what is due later. */
const MOST_MS = 45_000

export async function alertEvaluation(): Promise<{ readonly raised: number; readonly resolved: number }> {
  const beganMs = Date.now()
  // Rules that cannot be evaluated keep nothing from being delivered.
  const found = await evaluation.evaluateAlerts().catch(() => null)
  for (;;) {
    const { dueInMs } = await delivery.deliverAlerts()
    if (dueInMs === null || Date.now() - beganMs + dueInMs > MOST_MS) break
    await sleep(Math.max(dueInMs, 1000))
  }
  return { raised: found?.raised ?? 0, resolved: found?.resolved ?? 0 }
}

const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' } as const

const evaluation = proxyActivities<AlertActivities>({
  taskQueue: QUEUES.control,
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: '10s',
  retry,
  summary: 'evaluate the alert rules',
})

/** Given up soon: the run of another minute does the same. */
const delivery = proxyActivities<AlertActivities>({
  taskQueue: QUEUES.control,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '30s',
  heartbeatTimeout: '10s',
  retry,
  summary: 'deliver notifications',
})
