import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { noBytes } from '../../../../core/execution/byte-totals.js'
import { noTotals } from '../../../../core/execution/record-totals.js'
import { type Board, openBoard, type StepFacts } from '../../../../core/metrics/board.js'
import type { ExecutionSample } from '../../../../core/metrics/sample.js'
import { noRecords, type OperatorCounters, sumCounters } from '../../../../core/record/counters.js'
import { counted, sampleJob } from '../../../support/sample-job.js'

describe('what runs in a worker', () => {
  test('is told since the sample before, with totals of the whole execution so far', () => {
    const board = openBoard()
    const step = board.begin(facts({ before: { ...noTotals, read: 1000, written: 300 } }), 0)
    step.counted(counted(100, 30))
    const [first] = board.sample(10_000)
    expect(first).toMatchObject({
      executionId: 'e',
      epoch: 7,
      totals: { read: 1100, written: 330, filtered: 70 },
      done: { read: 100, written: 30, filtered: 70 },
      coveredMs: 10_000,
    })
    step.counted(counted(150, 40))
    const [second] = board.sample(20_000)
    expect(second).toMatchObject({ totals: { read: 1150, written: 340 }, done: { read: 50, written: 10 } })
    expect(operator(second!, 'delayed')).toMatchObject({ counters: { in: 50, out: 10, filtered: 40 }, idleMs: 10_000 })
  })

  test('is told once more after its end, and then no longer: what is idle costs nothing', () => {
    const board = openBoard()
    const step = board.begin(facts({}), 0)
    step.counted(counted(100, 30))
    step.ended(4000, result(100, 30))
    expect(board.sample(10_000)).toMatchObject([{ totals: { read: 100 }, coveredMs: 10_000 }])
    expect(board.sample(20_000)).toEqual([])
  })

  test('has time that is neither work nor a wait as idle time', () => {
    const board = openBoard()
    const busy = { ...noRecords, in: 5, processingMs: 3000, backpressureMs: 1500 }
    board.begin(facts({}), 2000).counted({ delayed: busy })
    expect(operator(board.sample(10_000)[0]!, 'delayed').idleMs).toBe(3500)
  })

  test('counts a step that failed as work, and not as part of its epoch', () => {
    const board = openBoard()
    const failed = board.begin(facts({}), 0)
    failed.counted(counted(80, 20))
    failed.ended(1000, null)
    board.begin(facts({}), 1500).counted(counted(10, 1))
    expect(board.sample(10_000)[0]).toMatchObject({ totals: { read: 10, written: 1 }, done: { read: 90, written: 21 } })
  })

  test('names the subtask that had most records', () => {
    const board = openBoard()
    board.begin(facts({ subtask: 0 }), 0).counted({ delayed: { ...noRecords, in: 90 } })
    board.begin(facts({ subtask: 1 }), 0).counted({ delayed: { ...noRecords, in: 10 } })
    const sampled = board.sample(1000)[0]!
    expect(operator(sampled, 'delayed')).toMatchObject({ counters: { in: 100 }, subtasks: 2, busiest: 90 })
  })

  test('adds up to what its epochs commit, however the samples fall between', () => {
    const epoch = fc.record({
      reports: fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }),
      samples: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    })
    fc.assert(
      fc.property(fc.array(epoch, { minLength: 1, maxLength: 6 }), (epochs) => {
        const board = openBoard()
        const seen: ExecutionSample[] = []
        let [now, before] = [0, noTotals]
        const look = (isDue: boolean) => isDue && seen.push(...board.sample(now))
        let committed: OperatorCounters = {}
        for (const [at, { reports, samples }] of epochs.entries()) {
          const step = board.begin(facts({ epoch: at + 1, before }), now)
          let read = 0
          for (const [index, more] of reports.entries()) {
            now += 700
            read += more
            step.counted(counted(read, Math.floor(read / 3)))
            look(samples[index]!)
          }
          step.ended(now, result(read, Math.floor(read / 3)))
          const whole = counted(read, Math.floor(read / 3))
          committed = sumCounters(committed, whole)
          before = { ...before, read: before.read + read, written: before.written + Math.floor(read / 3) }
          look(samples[5]!)
        }
        now += 1
        look(true)
        const sum = seen
          .flatMap(({ operators }) => operators.map(({ operatorId, counters }) => ({ [operatorId]: counters })))
          .reduce(sumCounters, {})
        expect(sum).toEqual(committed)
        const totals = seen.map((sample) => sample.totals.read)
        expect(totals).toEqual(totals.toSorted((a, b) => a - b))
        expect(totals.at(-1)).toBe(before.read)
      }),
    )
  })
})

function result(read: number, kept: number) {
  return { counters: counted(read, kept), exchanges: [] }
}

function facts(change: Partial<StepFacts>): StepFacts {
  const { graph } = sampleJob()
  const where = { executionId: 'e', jobId: 'j', jobName: 'job', vertexId: 'flights', subtask: 0, epoch: 7, phase: 2 }
  return { ...where, graph, before: noTotals, bytesBefore: noBytes, states: [], ...change }
}

function operator(sample: ReturnType<Board['sample']>[number], id: string) {
  return sample.operators.find(({ operatorId }) => operatorId === id)!
}
