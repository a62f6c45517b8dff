import { expect, test } from '@jest/globals'
import { reconcile } from '../../../api/reconcile.js'
import { JobError } from '../../../core/errors/job-error.js'

const old = new Date(0).toISOString()
const unfinished = (executionId: string, change: object = {}) => ({
  ...{ executionId, jobId: 'j', triggerType: 'MANUAL', status: 'RUNNING', hasBegun: true, workflowId: executionId },
  ...{ runId: 'r', cancelRequested: false, createdAt: old, updatedAt: old, ...change },
})

/** One of them fails; all else is done. */
function world(broken: string, error: JobError) {
  const done: string[] = []
  const told: object[] = []
  const work = (what: string) => async (id: string) => {
    if (id === broken) throw error
    done.push(`${what} ${id}`)
    return true
  }
  const at = {
    temporal: {
      cancelExecution: work('cancel'),
      running: async () => ['asked-1', 'asked-2'],
      stateOf: async () => 'GONE',
      signalAdmitted: async () => undefined,
    },
    executions: {
      acceptedBefore: async () => ['new-1', 'new-2'].map((id) => unfinished(id, { status: 'CREATED' })),
      unfinished: async () => [
        ...['asked-1', 'asked-2'].map((id) => unfinished(id, { cancelRequested: true })),
        ...['lost-1', 'lost-2'].map((id) => unfinished(id)),
      ],
      closeLost: work('close'),
      startAnew: async () => undefined,
      workedFor: async (ids: readonly string[]) => new Set(ids),
      admitWaiting: async () => [],
    },
    log: { info: () => undefined, warn: () => undefined },
    start: async ({ executionId }: { executionId: string }) => {
      if (executionId === broken) return error.code
      done.push(`start ${executionId}`)
      return null
    },
    toldOnce: (details: object) => void told.push(details),
    nowMs: Date.now,
  }
  return { at: at as never, done, told }
}

test.each(['new-1', 'asked-1', 'lost-1'])('%s fails, and the others are put right all the same', async (broken) => {
  const { at, done, told } = world(broken, new JobError('internal', 'no'))
  await reconcile(at)
  const all = ['start new-1', 'start new-2', 'cancel asked-1', 'cancel asked-2', 'close lost-1', 'close lost-2']
  expect(done).toEqual(all.filter((one) => !one.endsWith(broken)))
  expect(told).toHaveLength(broken === 'new-1' ? 0 : 1)
})

test('while Temporal is away nothing more is tried', async () => {
  const { at, done } = world('asked-1', new JobError('temporal.away', 'away'))
  await expect(reconcile(at)).rejects.toMatchObject({ code: 'temporal.away' })
  expect(done).toEqual(['start new-1', 'start new-2'])
})
