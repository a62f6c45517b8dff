import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ErrorCode } from '../../../../core/errors/codes.js'
import { JobError } from '../../../../core/errors/job-error.js'
import { runExecution } from '../../../../core/execution/run-execution.js'
import { scriptedWorld } from '../../../support/scripted-effects.js'

const free = { shouldHandOver: () => false, cutShort: () => null }
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
    expect(runs).toBeGreaterThan(5)
  })
})
