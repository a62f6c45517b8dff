/** What planning needs of the world: a journal that keeps what it is given, and a source `ones` with one split, its last. */
import { z } from 'zod'
import type { ActivityDeps } from '../../../activities/deps.js'
import type { Plan } from '../../../core/execution/plan.js'

export const call = { signal: new AbortController().signal, activityAttempt: 1, heartbeat: () => undefined }

export function withOnes(journal: object): ActivityDeps {
  const ones = {
    name: 'ones',
    summary: '',
    source: { config: z.object({}), open: () => ({ plan: async () => ({ splits: [[1]], to: 1, end: false }) }) },
  }
  return {
    journal: { storePlan: async (_: unknown, plan: Plan) => plan, ...journal },
    parts: { connectors: [ones] },
    now: Date.now,
  } as unknown as ActivityDeps
}
