import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ErrorCode } from '../../../../core/errors/codes.js'
import { JobError } from '../../../../core/errors/job-error.js'
import { noWishes } from '../../../../core/execution/control.js'
import { runExecution } from '../../../../core/execution/run-execution.js'
import { scriptedWorld, type WishAt } from '../../../support/scripted-effects.js'

const free = { shouldHandOver: () => false, cutShort: () => null, wishes: noWishes }
const restartable: ErrorCode[] = ['worker.lost', 'sink.refused', 'connection.refused', 'storage.failed', 'internal']

describe('the epoch loop', () => {
  test('commits every epoch once and in order, whatever fails on the way', async () => {
    const script = fc.record({
      epochs: fc.integer({ min: 0, max: 8 }),
      failures: fc
        .array(fc.tuple(fc.nat(40), fc.constantFrom(...restartable)), { maxLength: 10 })
        .map((pairs) => new Map(pairs)),
    })
    await fc.assert(
      fc.asyncProperty(script, async ({ epochs, failures }) => {
        const world = scriptedWorld({ epochs, failures, maxRestarts: Number.POSITIVE_INFINITY })
        const ending = await runExecution('e', free, world.effects)
        expect(ending).toEqual({ kind: 'ended', outcome: { status: 'COMPLETED', error: null } })
        expect(world.committed).toEqual(Array.from({ length: epochs }, (_, index) => index + 1))
        expect(world.outcomes).toHaveLength(1)
      }),
    )
  })

  test('runs a failed epoch again under the next attempt, after the delay', async () => {
    const world = scriptedWorld({ epochs: 2, failures: new Map([[2, 'sink.refused']]), maxRestarts: 1 })
    await runExecution('e', free, world.effects)
    expect(world.ran).toEqual([
      { epoch: 1, attempt: 1 },
      { epoch: 1, attempt: 2 },
      { epoch: 2, attempt: 2 },
    ])
    expect(world.slept).toEqual([10])
  })

  test('fails with the last error once the restart strategy says no', async () => {
    const failures = new Map<number, ErrorCode>([1, 2, 3].map((call) => [call, 'sink.refused']))
    const world = scriptedWorld({ epochs: 1, failures, maxRestarts: 2 })
    const ending = await runExecution('e', free, world.effects)
    expect(ending).toMatchObject({ outcome: { status: 'FAILED', error: { code: 'sink.refused' } } })
    expect(world.failuresSeen).toHaveLength(3)
  })

  test.each(['config.invalid', 'schema.mismatch', 'fenced', 'connection.denied', 'record.bad'] as const)(
    'never restarts after %s',
    async (code) => {
      const world = scriptedWorld({ epochs: 1, failures: new Map([[1, code]]), maxRestarts: 9 })
      const ending = await runExecution('e', free, world.effects)
      expect(ending).toMatchObject({ outcome: { status: 'FAILED', error: { code } } })
      expect(world.failuresSeen).toEqual([])
    },
  )

  test('tolerates as many checkpoint time-outs in a row as it was told to, outside the restart budget', async () => {
    const failures = new Map<number, ErrorCode>([1, 2, 5].map((call) => [call, 'checkpoint.timeout']))
    const world = scriptedWorld({ epochs: 2, failures, maxRestarts: 0, tolerableFailures: 2 })
    const ending = await runExecution('e', free, world.effects)
    expect(ending).toMatchObject({ outcome: { status: 'COMPLETED' } })
    expect(world.failuresSeen.map(({ tolerated }) => tolerated)).toEqual([true, true, true])
  })

  test('answers a cancel with CANCELLED, also in the middle of a restart delay', async () => {
    const world = scriptedWorld({ epochs: 1, failures: new Map([[1, 'sink.refused']]), maxRestarts: 9 })
    const sleep = async () => {
      throw new JobError('cancelled', 'cancelled')
    }
    const ending = await runExecution('e', free, { ...world.effects, sleep })
    expect(ending).toMatchObject({ outcome: { status: 'CANCELLED' } })
    expect(world.outcomes).toHaveLength(1)
  })

  test('reports a time-out and not a cancel when the deadline cut it short', async () => {
    const world = scriptedWorld({ epochs: 1, failures: new Map([[1, 'cancelled']]), maxRestarts: 9 })
    const ending = await runExecution('e', { ...free, cutShort: () => 'timeout' as const }, world.effects)
    expect(ending).toMatchObject({ outcome: { status: 'FAILED', error: { code: 'execution.timeout' } } })
  })

  test('stops with a savepoint once the epoch that runs is complete, and plans none after it', async () => {
    // prepare, chain 1, checkpoint 1, chain 2: the wish comes in the middle of it.
    const script = { epochs: 9, failures: new Map(), maxRestarts: 0, isStreaming: true }
    const world = scriptedWorld({ ...script, wishes: new Map([[3, 'stop']]) })
    const ending = await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    const outcome = { status: 'COMPLETED', error: null, isStopped: true, by: 'ada' }
    expect(ending).toEqual({ kind: 'ended', outcome })
    expect(world.committed).toEqual([1, 2])
    expect(world.shown).toEqual(['savepoint 2'])
  })

  test('finishes an epoch that was planned before, also through restarts, and stops then', async () => {
    const script = { epochs: 9, failures: new Map<number, ErrorCode>([[2, 'sink.refused']]), maxRestarts: 1 }
    const world = scriptedWorld({ ...script, isStreaming: true, wishes: new Map([[0, 'stop']]) })
    const ending = await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(ending).toMatchObject({ outcome: { isStopped: true } })
    expect(world.ran).toEqual([
      { epoch: 1, attempt: 1 },
      { epoch: 1, attempt: 2 },
    ])
    expect(world.shown).toEqual(['savepoint 1'])
  })

  test('drains: after the epoch that runs one last one, which ends, and then the savepoint', async () => {
    const script = { epochs: 9, failures: new Map(), maxRestarts: 0, isStreaming: true }
    const world = scriptedWorld({ ...script, wishes: new Map([[1, 'drain']]) })
    const ending = await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(ending).toMatchObject({ outcome: { status: 'COMPLETED', isStopped: true, isDrained: true } })
    expect(world.committed).toEqual([1, 2])
    expect(world.shown).toEqual(['savepoint 2'])
  })

  test('stops now: the epoch that runs is broken off and its plan is given up', async () => {
    const script = { epochs: 9, failures: new Map(), maxRestarts: 0, isStreaming: true }
    // prepare, chain 1, checkpoint 1, chain 2: the wish comes in the middle of it.
    const world = scriptedWorld({ ...script, wishes: new Map([[3, 'stop now']]) })
    const ending = await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(ending).toMatchObject({ outcome: { isStopped: true } })
    expect(world).toMatchObject({ committed: [1], dropped: [2], shown: ['savepoint 1'] })
  })

  test('an epoch that a sink shows is finished first, under a newer attempt, however much it is to be now', async () => {
    const script = { epochs: 9, failures: new Map(), maxRestarts: 0, isStreaming: true }
    // The wish comes in the middle of checkpoint 1, which then fails: its sinks have committed.
    const failures = new Map<number, ErrorCode>([[2, 'storage.failed']])
    const world = scriptedWorld({ ...script, maxRestarts: 1, failures, wishes: new Map([[2, 'stop now']]) })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world).toMatchObject({ committed: [1], dropped: [], shown: ['savepoint 1'] })
    expect(world.ran).toEqual([
      { epoch: 1, attempt: 1 },
      { epoch: 1, attempt: 3 },
    ])
  })

  test('a savepoint now goes on with the same input under a new number', async () => {
    const script = { epochs: 2, failures: new Map(), maxRestarts: 0 }
    const world = scriptedWorld({ ...script, wishes: new Map([[3, 'now']]) })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world).toMatchObject({ committed: [1, 3], dropped: [2], shown: ['savepoint 1'] })
  })

  test('a plan that cannot be dropped is tried again after the delay of the restart strategy', async () => {
    const script = { epochs: 1, maxRestarts: 9, isStreaming: true, wishes: new Map([[1, 'stop now']]) as WishAt }
    const failures = new Map<number, ErrorCode>([2, 3, 4].map((call) => [call, 'connection.refused']))
    const world = scriptedWorld({ ...script, failures })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world.dropped).toEqual([1])
    expect(world.slept).toEqual([10, 10, 10])
  })

  test('a plan that cannot be dropped while its sink is away waits as after any failure', async () => {
    const script = { epochs: 1, maxRestarts: 9, isStreaming: true, wishes: new Map([[1, 'stop now']]) as WishAt }
    const world = scriptedWorld({ ...script, failures: new Map(), sinkAway: 3 })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world.dropped).toEqual([1])
    expect(world.slept).toEqual([10, 10, 10])
  })

  test('a pause in the middle of a restart delay takes effect at once', async () => {
    const failures = new Map<number, ErrorCode>([[1, 'sink.refused']])
    const world = scriptedWorld({
      epochs: 1,
      failures,
      maxRestarts: 1,
      delayIsStep: true,
      wishes: new Map([[2, 'pause']]),
    })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world.slept).toEqual([])
    expect(world.shown).toEqual(['PAUSED', 'RUNNING'])
    expect(world.committed).toEqual([1])
  })

  test('hands over between two attempts too, and where it cannot even be prepared', async () => {
    const failures = new Map<number, ErrorCode>([0, 2].map((call) => [call, 'sink.refused']))
    const world = scriptedWorld({ epochs: 1, failures, maxRestarts: 9 })
    const handsOver = { ...free, shouldHandOver: () => true }
    const first = await runExecution('e', handsOver, world.effects)
    expect(first).toEqual({ kind: 'handOver', progress: null })
    const second = await runExecution('e', handsOver, world.effects, null)
    expect(second).toMatchObject({ progress: { owner: { attempt: 3 }, next: { kind: 'plan', epoch: 1 } } })
  })

  test('what a newer version of the job goes on with is prepared once the epoch of the older one is through', async () => {
    const world = scriptedWorld({ epochs: 3, failures: new Map(), maxRestarts: 0 })
    let prepared = 0
    const prepare = async (executionId: string) => {
      prepared += 1
      const given = await world.effects.prepare(executionId)
      return given === 'waiting' || prepared > 1 ? given : { ...given, isBehind: true }
    }
    const triggerCheckpoint: typeof world.effects.triggerCheckpoint = async (done) => {
      const next = await world.effects.triggerCheckpoint(done)
      return prepared > 1 ? next : { kind: 'unplanned' }
    }
    await runExecution('e', free, { ...world.effects, prepare, triggerCheckpoint })
    expect(prepared).toBe(2)
    expect(world.committed).toEqual([1, 2, 3])
  })

  test('goes on after a savepoint', async () => {
    const script = { epochs: 3, failures: new Map(), maxRestarts: 0 }
    const world = scriptedWorld({ ...script, wishes: new Map([[1, 'savepoint']]) })
    const ending = await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(ending).toEqual({ kind: 'ended', outcome: { status: 'COMPLETED', error: null } })
    expect(world.committed).toEqual([1, 2, 3])
    expect(world.shown).toEqual(['savepoint 1'])
  })

  test('is paused between two epochs, gives a savepoint meanwhile, and goes on when told to', async () => {
    // prepare, chain 1 (pause), checkpoint 1, PAUSED, paused (savepoint), savepoint, paused (resume).
    const wishes: WishAt = new Map([
      [1, 'pause'],
      [4, 'savepoint'],
    ])
    const world = scriptedWorld({ epochs: 3, failures: new Map(), maxRestarts: 0, wishes })
    await runExecution('e', { ...free, wishes: world.wishes }, world.effects)
    expect(world.committed).toEqual([1, 2, 3])
    expect(world.shown).toEqual(['PAUSED', 'savepoint 1', 'RUNNING'])
  })

  test('commits every epoch once and in order, whatever is wanted and whatever fails on the way', async () => {
    const calls = fc.nat(60)
    const script = fc.record({
      epochs: fc.integer({ min: 0, max: 8 }),
      handsOver: fc.boolean(),
      failures: fc
        .array(fc.tuple(calls, fc.constantFrom(...restartable)), { maxLength: 5 })
        .map((pairs) => new Map(pairs)),
      wishes: fc
        .array(fc.tuple(calls, fc.constantFrom('pause', 'resume', 'savepoint', 'stop', 'drain', 'now', 'stop now')), {
          maxLength: 10,
        })
        .map((pairs) => new Map(pairs) as WishAt),
    })
    await fc.assert(
      fc.asyncProperty(script, async ({ epochs, handsOver, failures, wishes }) => {
        const world = scriptedWorld({ epochs, failures, wishes, maxRestarts: Number.POSITIVE_INFINITY })
        const control = { ...free, shouldHandOver: () => handsOver, wishes: world.wishes }
        let ending = await runExecution('e', control, world.effects)
        while (ending.kind === 'handOver') {
          const carried = JSON.parse(JSON.stringify(ending.progress))
          ending = await runExecution('e', control, world.effects, carried)
        }
        expect(ending).toMatchObject({ outcome: { status: 'COMPLETED' } })
        const statuses = world.shown.filter((one) => !one.startsWith('savepoint'))
        expect(statuses).toEqual(statuses.map((_, index) => (index % 2 === 0 ? 'PAUSED' : 'RUNNING')))
        const isStopped = ending.kind === 'ended' && ending.outcome.isStopped === true
        if (!isStopped) expect(world.committed).toHaveLength(epochs)
        // Each number once: committed or dropped, and in order.
        expect(world.committed).toEqual([...world.committed].sort((a, b) => a - b))
        const numbers = [...world.committed, ...world.dropped].sort((a, b) => a - b)
        expect(numbers).toEqual(numbers.map((_, index) => index + 1))
      }),
    )
  })

  test('hands over between two epochs and goes on as if it had not', async () => {
    const world = scriptedWorld({ epochs: 5, failures: new Map(), maxRestarts: 0 })
    let ending = await runExecution('e', { ...free, shouldHandOver: () => true }, world.effects)
    let runs = 1
    while (ending.kind === 'handOver') {
      const carried = JSON.parse(JSON.stringify(ending.progress))
      ending = await runExecution('e', { ...free, shouldHandOver: () => true }, world.effects, carried)
      runs++
    }
    expect(world.committed).toEqual([1, 2, 3, 4, 5])
    expect(runs).toBeGreaterThanOrEqual(5)
  })
})
