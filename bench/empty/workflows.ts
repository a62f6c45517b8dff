/** What Temporal itself takes: workflows that do nothing. */
import { proxyActivities } from '@temporalio/workflow'

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '10s' })

export async function empty(): Promise<void> {}

/** Activities that do nothing, one after the other. */
export async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await nothing()
}
