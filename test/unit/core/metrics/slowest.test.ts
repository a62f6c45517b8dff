import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type OperatorWork, slowestOperator } from '../../../../core/metrics/slowest.js'
import { sampleJob } from '../../../support/sample-job.js'

const { graph } = sampleJob()

describe('the slowest operator', () => {
  test('is the one that computes longest, and is called busy', () => {
    expect(slowest(work('flights', 100), work('delayed', 800), work('warehouse', 100))).toEqual({
      operatorId: 'delayed',
      why: 'BUSY',
      percent: 80,
      skew: 1,
      message: 'delayed takes 80 % of the processing time: it is busy.',
    })
  })

  test('that is a sink is waited for', () => {
    const found = slowest(work('flights', 100, { backpressureMs: 650.4 }), work('warehouse', 900))
    expect(found).toMatchObject({ operatorId: 'warehouse', why: 'WAITING_FOR_SINK', percent: 90 })
    expect(found?.message).toMatch(/waits for what it writes to; what is before it has waited 650 ms/)
  })

  test('that leaves most of the records to one subtask is skewed, even where another takes more time in all', () => {
    const even = work('flights', 2000, { subtasks: 4, recordsIn: 1000, busiest: 250 })
    const uneven = work('delayed', 1200, { subtasks: 4, recordsIn: 1000, busiest: 970 })
    expect(slowest(even, uneven)).toMatchObject({ operatorId: 'delayed', why: 'SKEWED', skew: 3.88 })
    expect(slowest(even, { ...uneven, busiest: 250 })).toMatchObject({ operatorId: 'flights', why: 'BUSY', skew: 1 })
  })

  test('is nobody where nothing was worked on', () => {
    expect(slowest()).toBeNull()
    expect(slowest(work('flights', 0), work('warehouse', 0))).toBeNull()
  })

  test('is the same in whatever order they are told, and no other has had more time', () => {
    const times = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000))
    fc.assert(
      fc.property(times, ([a, b, c]) => {
        const told = [work('flights', a), work('delayed', b), work('warehouse', c)]
        const found = slowest(...told)
        expect(slowest(...told.toReversed())).toEqual(found)
        if (found === null) return expect(a + b + c).toBe(0)
        const own = told.find(({ operatorId }) => operatorId === found.operatorId)
        expect(own?.processingMs).toBe(Math.max(a, b, c))
        expect(found.percent).toBe(Math.round((Math.max(a, b, c) * 100) / (a + b + c)))
      }),
    )
  })
})

function slowest(...given: readonly OperatorWork[]) {
  return slowestOperator(graph, given)
}

function work(operatorId: string, processingMs: number, change: Partial<OperatorWork> = {}): OperatorWork {
  return { operatorId, processingMs, recordsIn: 100, backpressureMs: 0, subtasks: 1, busiest: 100, ...change }
}
