import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Context } from '@temporalio/activity'
import { ApplicationFailure, Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker'
import type { Activities } from '../../activities/contract.js'
import { CODES } from '../../core/errors/codes.js'
import type { SavepointAnswer, SavepointWish } from '../../core/execution/control.js'
import type { Outcome } from '../../core/execution/effects.js'
import type { Next } from '../../core/execution/plan.js'
import { ownNamespace, temporalAddress } from '../support/namespace.js'
import { until } from '../support/until.js'

let client: Client
let native: NativeConnection
let workflowBundle: { code: string }
const started: string[] = []

beforeAll(async () => {
  const address = temporalAddress()
  const namespace = await ownNamespace(address)
  client = new Client({ connection: await Connection.connect({ address }), namespace })
  native = await NativeConnection.connect({ address })
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error },
  })
}, 60_000)

/** `ETL_RECORD_HISTORIES=1` keeps what happened here for the replay tests, as a new release would. */
afterEach(async () => {
  const workflowId = started.splice(0).at(-1)
  if (process.env.ETL_RECORD_HISTORIES !== '1' || workflowId === undefined) return
  const history = await client.workflow.getHandle(workflowId).fetchHistory()
  if ((history.events ?? []).length > 500) return
  const name = (expect.getState().currentTestName ?? '').replace(/^.*server /, '').replace(/[^a-z0-9]+/gi, '-')
  const folder = fileURLToPath(new URL('../replay/histories/', import.meta.url))
  await writeFile(`${folder}${name.slice(0, 60)}.json`, withoutStacks(historyToJSON(history)))
})

afterAll(async () => {
  await client?.connection.close()
  await native?.close()
})

describe('jobExecution on a Temporal server', () => {
  test('runs prepare, chain, checkpoint and finish, and its history reads as a story', async () => {
    const calls: string[] = []
    const handle = await run(world({ epochs: 2, calls }), async (start) => {
      const started = await start()
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
      return started
    })
    expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'chain 2', 'checkpoint 2', 'finish COMPLETED'])
    const { events } = await handle.fetchHistory()
    const summaries = (events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes || event.markerRecordedEventAttributes)
      .map((event) => Buffer.from(event.userMetadata?.summary?.data ?? []).toString())
    expect(summaries).toEqual([
      '"prepare"',
      '"epoch 1 · in→out · subtask 0/1"',
      '"checkpoint 1"',
      '"epoch 2 · in→out · subtask 0/1"',
      '"checkpoint 2"',
      '"finish: COMPLETED"',
    ])
  }, 60_000)

  test('started by a schedule, makes its execution first; where the time starts none it ends quietly', async () => {
    const calls: string[] = []
    await run(world({ epochs: 1, calls }), async () => {
      const start = async (scheduleId: string) => {
        const handle = await client.workflow.start('jobExecution', {
          workflowId: `etl-schedule/${scheduleId}-${randomUUID()}`,
          taskQueue: 'etl-control',
          args: [{ scheduleId }],
        })
        started.push(handle.workflowId)
        return await handle.result()
      }
      expect(await start('skipped')).toEqual({ status: 'SKIPPED' })
      expect(await start('hourly')).toEqual({ status: 'COMPLETED' })
    })
    expect(calls).toMatchObject([
      expect.stringMatching(/^scheduled skipped \d{4}-.*Z$/),
      expect.stringMatching(/^scheduled hourly /),
      'prepare',
      'chain 1',
      'checkpoint 1',
      'finish COMPLETED',
    ])
  }, 60_000)

  test('can be searched by its status and epoch, where it was started so', async () => {
    await run(world({ epochs: 2, calls: [] }), async (start) => {
      for (const isSearchable of [true, false]) {
        const started = await start(isSearchable)
        await started.result()
        const { typedSearchAttributes: shown } = await started.describe()
        expect([shown.get(status), shown.get(epoch)]).toEqual(isSearchable ? ['COMPLETED', 2] : [undefined, undefined])
      }
    })
  }, 60_000)

  test('restarts a failed epoch with the next attempt, and fails the workflow when told to stop', async () => {
    const calls: string[] = []
    const failing = world({ epochs: 1, calls })
    let attempts: number[] = []
    failing.runOperatorChain = async ({ fence }) => {
      attempts = [...attempts, fence.attempt]
      throw ApplicationFailure.nonRetryable('The target refused.', 'sink.refused')
    }
    failing.evaluateRestartStrategy = async () => ({
      restart: attempts.length < 3,
      delayMs: 1,
      reason: 'as told',
      attempt: attempts.length + 1,
    })
    await run(failing, async (start) => {
      const error = await (await start()).result().catch((thrown) => thrown)
      expect(error).toBeInstanceOf(WorkflowFailedError)
      // Its own words may quote a record.
      expect(error.cause).toMatchObject({ type: 'sink.refused', message: CODES['sink.refused'].meaning })
    })
    expect(attempts).toEqual([1, 2, 3])
    expect(calls.at(-1)).toBe('finish FAILED')
  }, 60_000)

  test('answers a cancel within two seconds, and still writes the final status', async () => {
    const calls: string[] = []
    const slow = world({ epochs: 1, calls })
    slow.runOperatorChain = untilCancelled
    await run(slow, async (start) => {
      const started = await start()
      await new Promise((resolve) => setTimeout(resolve, 1000))
      await expectCancelWithin(started, 2000)
    })
    expect(calls.at(-1)).toBe('finish CANCELLED')
  }, 60_000)

  test('waits with a checkpoint until the catalogue is back, and a cancel gets through meanwhile', async () => {
    const calls: string[] = []
    const away = world({ epochs: 1, calls })
    const { triggerCheckpoint } = away
    let refused = 0
    let backAfter = 4
    away.triggerCheckpoint = async (done) => {
      if (refused++ < backAfter)
        throw ApplicationFailure.retryable('The catalogue database cannot be reached.', 'mysql.away')
      return await triggerCheckpoint(done)
    }
    await run(away, async (start) => {
      expect(await (await start()).result()).toEqual({ status: 'COMPLETED' })
      expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'finish COMPLETED'])

      refused = 0
      backAfter = Number.POSITIVE_INFINITY
      const started = await start()
      await new Promise((resolve) => setTimeout(resolve, 3000))
      await expectCancelWithin(started, 2000)
    })
    expect(calls.at(-1)).toBe('finish CANCELLED')
  }, 60_000)

  test('gives a first or last step to the queue that fails in a way that passes', async () => {
    const calls: string[] = []
    const away = world({ epochs: 1, calls })
    const { prepareExecution, finishExecution } = away
    const places: string[] = []
    const refusedHere = () => {
      places.push(place())
      if (isLocal()) throw ApplicationFailure.retryable('The catalogue database cannot be reached.', 'mysql.away')
    }
    away.prepareExecution = async (executionId) => {
      refusedHere()
      return await prepareExecution(executionId)
    }
    away.finishExecution = async (owner, executionId, outcome) => {
      refusedHere()
      return await finishExecution(owner, executionId, outcome)
    }
    await run(away, async (start) => {
      expect(await (await start()).result()).toEqual({ status: 'COMPLETED' })
    })
    expect(places).toEqual(['here', 'there', 'here', 'there'])
    expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'finish COMPLETED'])
  }, 60_000)

  test('gives a first step to the queue that takes long, and a cancel gets through', async () => {
    const calls: string[] = []
    const slow = world({ epochs: 1, calls })
    const { prepareExecution } = slow
    const places: string[] = []
    let ends = true
    slow.prepareExecution = async (executionId) => {
      places.push(place())
      if (isLocal()) return await Context.current().cancelled
      return ends ? await prepareExecution(executionId) : await untilCancelled()
    }
    await run(slow, async (start) => {
      expect(await (await start()).result()).toEqual({ status: 'COMPLETED' })
      expect(places.splice(0)).toEqual(['here', 'there'])
      expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'finish COMPLETED'])

      ends = false
      const started = await start()
      await new Promise((resolve) => setTimeout(resolve, 500))
      const askedMs = Date.now()
      await started.cancel()
      const error = await started.result().catch((thrown) => thrown)
      expect(error.cause?.name).toBe('CancelledFailure')
      expect(Date.now() - askedMs).toBeLessThan(4000)
    })
    expect(calls.at(-1)).toBe('finish CANCELLED')
  }, 60_000)

  test('does not repeat a first step that fails for good, and its error keeps its code', async () => {
    const calls: string[] = []
    const denied = world({ epochs: 1, calls })
    const places: string[] = []
    let failsHere = true
    denied.prepareExecution = async () => {
      places.push(place())
      if (isLocal() && !failsHere)
        throw ApplicationFailure.retryable('The catalogue database cannot be reached.', 'mysql.away')
      throw ApplicationFailure.nonRetryable('The password is wrong.', 'connection.denied', {
        hint: 'Look at the connection.',
        nodeId: 'out',
      })
    }
    const outcomes: Outcome[] = []
    denied.finishExecution = async (_owner, _executionId, outcome) => {
      outcomes.push(outcome)
      return outcome.status
    }
    await run(denied, async (start) => {
      const error = await (await start()).result().catch((thrown) => thrown)
      expect(error.cause).toMatchObject({ type: 'connection.denied', message: CODES['connection.denied'].meaning })
      expect(places.splice(0)).toEqual(['here'])
      // The same from the queue.
      failsHere = false
      const other = await (await start()).result().catch((thrown) => thrown)
      expect(other.cause).toMatchObject({ type: 'connection.denied', message: CODES['connection.denied'].meaning })
      expect(places).toEqual(['here', 'there'])
    })
    const reported = { code: 'connection.denied', hint: 'Look at the connection.', nodeId: 'out' }
    expect(outcomes.map(({ error }) => error)).toMatchObject([reported, reported])
  }, 60_000)

  test('fails, and is not asked for the same for ever, where not even the end can be stored', async () => {
    const refused = world({ epochs: 0, calls: [] })
    refused.finishExecution = async () => {
      throw ApplicationFailure.nonRetryable('It does not own its lineage any more.', 'fenced')
    }
    await run(refused, async (start) => {
      const error = await (await start()).result().catch((thrown) => thrown)
      expect(error.cause).toMatchObject({ type: 'fenced', message: CODES.fenced.meaning })
    })
  }, 60_000)

  test('ends as the execution did that had ended before', async () => {
    const ended = world({ epochs: 1, calls: [] })
    const { finishExecution } = ended
    ended.runOperatorChain = async () => {
      throw ApplicationFailure.nonRetryable('A newer attempt has taken over.', 'fenced')
    }
    ended.finishExecution = async (...asked) => {
      await finishExecution(...asked)
      return 'COMPLETED'
    }
    await run(ended, async (start) => {
      expect(await (await start()).result()).toEqual({ status: 'COMPLETED' })
    })
  }, 60_000)

  test('ends an execution that takes longer than its timeout as FAILED', async () => {
    const calls: string[] = []
    const slow = world({ epochs: 1, calls, timeoutMs: 1500 })
    slow.runOperatorChain = untilCancelled
    await run(slow, async (start) => {
      const error = await (await start()).result().catch((thrown) => thrown)
      expect(error.cause).toMatchObject({ type: 'execution.timeout' })
    })
    expect(calls.at(-1)).toBe('finish FAILED')
  }, 60_000)

  test('the time for which it waits to be admitted is none of its timeout', async () => {
    const waiting = world({ epochs: 1, calls: [], timeoutMs: 4000 })
    const { prepareExecution } = waiting
    let asked = 0
    waiting.prepareExecution = async (executionId) => (asked++ === 0 ? 'waiting' : await prepareExecution(executionId))
    await run(waiting, async (start) => {
      const started = await start()
      await new Promise((resolve) => setTimeout(resolve, 4500))
      await started.signal('admitted')
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
  }, 60_000)

  test('waits until it is admitted', async () => {
    const calls: string[] = []
    const waiting = world({ epochs: 1, calls })
    const { prepareExecution } = waiting
    let asked = 0
    waiting.prepareExecution = async (executionId) => (asked++ === 0 ? 'waiting' : await prepareExecution(executionId))
    await run(waiting, async (start) => {
      const started = await start()
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(calls).toEqual([])
      await started.signal('admitted')
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
  }, 60_000)

  test('an execution that waits for input is paused, resumed and stopped at once, each answered when it is done', async () => {
    const calls: string[] = []
    const idle = idleAfter(1, calls)
    await run(idle, async (start) => {
      const started = await start()
      await until('it waits', async () => calls.includes('wait'))
      const early = await started.executeUpdate('resume').catch((thrown) => thrown)
      expect(early).toMatchObject({ cause: { type: 'conflict', message: 'The execution is not paused.' } })
      await started.executeUpdate('pause')
      expect(calls.at(-1)).toBe('PAUSED')
      expect(
        await started.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: false }] }),
      ).toEqual({ checkpointId: 'saved' })
      await started.executeUpdate('resume')
      // It may wait again already.
      expect(calls.slice(calls.lastIndexOf('PAUSED'), calls.lastIndexOf('RUNNING') + 1)).toEqual([
        'PAUSED',
        'savepoint',
        'RUNNING',
      ])
      await until('it waits again', async () => calls.at(-1) === 'wait')
      const askedMs = Date.now()
      expect(
        await started.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: true }] }),
      ).toEqual({ checkpointId: 'saved' })
      expect(Date.now() - askedMs).toBeLessThan(2000)
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
    expect(calls.slice(-2)).toEqual(['savepoint', 'finish COMPLETED stopped'])
  }, 60_000)

  test('a stop in the middle of an epoch comes after it, and a cancel gets through to a paused one', async () => {
    const calls: string[] = []
    const busy = world({ epochs: 9, calls })
    const { prepareExecution, runOperatorChain } = busy
    let canStop = true
    busy.prepareExecution = async (executionId) => {
      const prepared = await prepareExecution(executionId)
      return prepared === 'waiting' ? prepared : { ...prepared, canStop }
    }
    const held = { isHeld: true }
    busy.runOperatorChain = async (task) => {
      await until('it is let go', async () => !held.isHeld)
      return await runOperatorChain(task)
    }
    await run(busy, async (start) => {
      const stopped = await start()
      await until('it has begun', async () => calls.includes('prepare'))
      const stop = stopped.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: true }] })
      await new Promise((resolve) => setTimeout(resolve, 500))
      held.isHeld = false
      expect(await stop).toEqual({ checkpointId: 'saved' })
      expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'savepoint', 'finish COMPLETED stopped'])

      calls.length = 0
      held.isHeld = true
      canStop = false
      const batch = await start()
      await until('it has begun', async () => calls.includes('prepare'))
      const refused = await batch
        .executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: true }] })
        .catch((thrown) => thrown)
      expect(refused).toMatchObject({ cause: { type: 'conflict', message: expect.stringContaining('BATCH') } })
      const keep = batch.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: false }] })
      await new Promise((resolve) => setTimeout(resolve, 300))
      await batch.cancel()
      held.isHeld = false
      expect(await keep.catch((thrown) => thrown)).toMatchObject({
        cause: { type: 'conflict', message: expect.stringContaining('CANCELLED') },
      })

      calls.length = 0
      held.isHeld = true
      const paused = await start()
      await until('it has begun', async () => calls.includes('prepare'))
      const pause = paused.executeUpdate('pause')
      await new Promise((resolve) => setTimeout(resolve, 500))
      held.isHeld = false
      await pause
      await paused.cancel()
      const error = await paused.result().catch((thrown) => thrown)
      expect(error.cause?.name).toBe('CancelledFailure')
      expect(calls).toEqual(['prepare', 'chain 1', 'checkpoint 1', 'PAUSED', 'finish CANCELLED'])
    })
  }, 60_000)

  test('a stop now breaks off the epoch that runs and drops its plan', async () => {
    const calls: string[] = []
    const broken = world({ epochs: 9, calls })
    broken.runOperatorChain = untilCancelled
    await run(broken, async (start) => {
      const started = await start()
      await until('it has begun', async () => calls.includes('prepare'))
      await new Promise((resolve) => setTimeout(resolve, 500))
      const wish = { stop: true, now: true, by: 'ada' }
      expect(await started.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [wish] })).toEqual({
        checkpointId: 'saved',
      })
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
    expect(calls).toEqual(['prepare', 'drop 1', 'savepoint', 'finish COMPLETED stopped'])
  }, 60_000)

  test('a stop that drains runs a last epoch first', async () => {
    const calls: string[] = []
    const idle = idleAfter(1, calls)
    const { triggerCheckpoint } = idle
    idle.planEpoch = async (_owner, drains) =>
      drains === true ? { kind: 'plan', epoch: 2, phase: 1, notBefore: null } : { kind: 'idle' }
    idle.triggerCheckpoint = async (done) => {
      const next = await triggerCheckpoint(done)
      return done.epoch === 2 ? { kind: 'exhausted' } : next
    }
    await run(idle, async (start) => {
      const started = await start()
      await until('it waits', async () => calls.includes('wait'))
      const early = await started
        .executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', { args: [{ stop: false, drain: true }] })
        .catch((thrown) => thrown)
      expect(early).toMatchObject({ cause: { type: 'conflict' } })
      await started.executeUpdate<SavepointAnswer, [SavepointWish]>('savepoint', {
        args: [{ stop: true, drain: true }],
      })
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
    // A step that runs where decisions are made may be asked for twice.
    const after = new Set(calls.slice(calls.indexOf('wait') + 1))
    expect([...after]).toEqual(['chain 2', 'checkpoint 2', 'savepoint', 'finish COMPLETED stopped drained'])
  }, 60_000)

  test('a pause in the middle of a restart delay takes effect at once, and its time does not count', async () => {
    const calls: string[] = []
    const failing = world({ epochs: 1, calls, timeoutMs: 4000 })
    const { runOperatorChain } = failing
    failing.runOperatorChain = async (task) => {
      if (task.fence.attempt === 1) throw ApplicationFailure.nonRetryable('The target refused.', 'sink.refused')
      return await runOperatorChain(task)
    }
    failing.evaluateRestartStrategy = async () => ({ restart: true, delayMs: 60_000, reason: 'as told', attempt: 2 })
    await run(failing, async (start) => {
      const started = await start()
      await until('it has begun', async () => calls.includes('prepare'))
      await new Promise((resolve) => setTimeout(resolve, 500))
      await started.executeUpdate('pause', { args: [{ by: 'ada' }] })
      expect(calls.at(-1)).toBe('PAUSED')
      // Longer than the whole execution may take.
      await new Promise((resolve) => setTimeout(resolve, 4500))
      await started.executeUpdate('resume', { args: [{ by: 'ada' }] })
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
    })
    expect(calls).toEqual(['prepare', 'PAUSED', 'RUNNING', 'chain 1', 'checkpoint 1', 'finish COMPLETED'])
  }, 60_000)

  test('goes on in a new workflow run when its history has grown', async () => {
    const calls: string[] = []
    // A server suggests it at 4,096 events; an epoch makes seven.
    const epochs = 700
    await run(world({ epochs, calls }), async (start) => {
      const started = await start()
      expect(await started.result()).toEqual({ status: 'COMPLETED' })
      const { runId } = await client.workflow.getHandle(started.workflowId).describe()
      expect(runId).not.toBe(started.firstExecutionRunId)
    })
    expect(calls.filter((call) => call.startsWith('checkpoint'))).toEqual(
      Array.from({ length: epochs }, (_, index) => `checkpoint ${index + 1}`),
    )
  }, 180_000)
})

/** They name paths of the machine that recorded them. */
function withoutStacks(json: string): string {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === 'stackTrace' ? '' : value), 1)
}

type Start = (isSearchable?: boolean) => ReturnType<typeof startOne>

const status = defineSearchAttributeKey('EtlStatus', 'KEYWORD')
const epoch = defineSearchAttributeKey('EtlEpoch', 'INT')

async function startOne(isSearchable = true) {
  const handle = await client.workflow.start('jobExecution', {
    taskQueue: 'etl-control',
    workflowId: `etl-job/test/${randomUUID()}`,
    args: [{ executionId: 'e' }],
    ...(isSearchable ? { typedSearchAttributes: new TypedSearchAttributes([{ key: status, value: 'RUNNING' }]) } : {}),
  })
  started.push(handle.workflowId)
  return handle
}

/** Workers on the task queues of the service, with activities of the test. */
async function run<T>(implementations: Activities, work: (start: Start) => Promise<T>): Promise<T> {
  const shared = {
    connection: native,
    namespace: client.options.namespace,
    activities: { ...implementations },
    maxHeartbeatThrottleInterval: '200ms' as const,
  }
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: 'etl-control', workflowBundle }),
    Worker.create({ ...shared, taskQueue: 'etl-data' }),
    Worker.create({ ...shared, taskQueue: 'etl-wait' }),
  ])
  const running = Promise.all(workers.map((worker) => worker.run()))
  try {
    return await work(startOne)
  } finally {
    for (const worker of workers) worker.shutdown()
    await running
  }
}

const isLocal = () => Context.current().info.isLocal

/** Where decisions are made, or where the queue gave it. */
const place = () => (isLocal() ? 'here' : 'there')

/** As a STREAMING job that has read all there is. */
function idleAfter(epochs: number, calls: string[]): Activities {
  return {
    ...world({ epochs, calls }),
    triggerCheckpoint: async ({ epoch }) => {
      calls.push(`checkpoint ${epoch}`)
      return { kind: 'idle' }
    },
    planEpoch: async () => ({ kind: 'idle' }),
    awaitInput: async () => {
      calls.push('wait')
      await untilCancelled()
    },
  }
}

async function expectCancelWithin(started: WorkflowHandle, ms: number): Promise<void> {
  const askedMs = Date.now()
  await started.cancel()
  const error = await started.result().catch((thrown) => thrown)
  expect(error.cause?.name).toBe('CancelledFailure')
  expect(Date.now() - askedMs).toBeLessThan(ms)
}

async function untilCancelled(): Promise<never> {
  const beat = setInterval(() => Context.current().heartbeat(), 200)
  try {
    return await Context.current().cancelled
  } finally {
    clearInterval(beat)
  }
}

function world(facts: { epochs: number; calls: string[]; timeoutMs?: number }): Activities {
  const { epochs, calls } = facts
  const nextAfter = (epoch: number): Next =>
    epoch >= epochs ? { kind: 'exhausted' } : { kind: 'plan', epoch: epoch + 1, phase: 1, notBefore: null }
  return {
    startScheduled: async (scheduleId, logicalTime) => {
      calls.push(`scheduled ${scheduleId} ${logicalTime}`)
      return scheduleId === 'skipped' ? null : `of ${scheduleId}`
    },
    prepareExecution: async (executionId) => {
      calls.push('prepare')
      return {
        owner: { executionId, generation: 1, attempt: 1 },
        phases: [{ number: 1, stages: [[{ vertexId: 'v', name: 'in→out', parallelism: 1, upstream: [] }]] }],
        next: nextAfter(0),
        checkpointTimeoutMs: 60_000,
        heartbeatTimeoutMs: 5000,
        timeoutMs: facts.timeoutMs ?? null,
        tolerableFailures: 0,
        canStop: true,
      }
    },
    planEpoch: async () => ({ kind: 'exhausted' }),
    dropPlan: async (owner, epoch) => {
      calls.push(`drop ${epoch}`)
      return { isDropped: true, attempt: owner.attempt + 1 }
    },
    runOperatorChain: async ({ fence, vertexId, subtask }) => {
      calls.push(`chain ${fence.epoch}`)
      return { vertexId, subtask, reference: `r${fence.epoch}`, recordsIn: 1, recordsOut: 1 }
    },
    triggerCheckpoint: async ({ epoch, leaveUnplanned }) => {
      calls.push(`checkpoint ${epoch}`)
      return leaveUnplanned === true ? { kind: 'unplanned' } : nextAfter(epoch)
    },
    awaitInput: async () => undefined,
    takeSavepoint: async () => {
      calls.push('savepoint')
      return 'saved'
    },
    setExecutionStatus: async (_owner, status) => {
      calls.push(status)
    },
    evaluateRestartStrategy: async (_owner, _executionId, { atMs }) => ({
      restart: false,
      delayMs: atMs * 0,
      reason: 'never',
      attempt: 1,
    }),
    finishExecution: async (_owner, _executionId, { status, isStopped, isDrained }) => {
      calls.push(`finish ${status}${isStopped === true ? ' stopped' : ''}${isDrained === true ? ' drained' : ''}`)
      return status
    },
  }
}
