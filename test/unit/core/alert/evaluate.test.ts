import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { evaluateRule, type OpenAlert, type Pending, type Reading } from '../../../../core/alert/evaluate.js'
import { FLAP_WINDOW_MS, holdMs } from '../../../../core/alert/flapping.js'
import { type ConditionOperator, holds, OPERATORS } from '../../../../core/alert/rule.js'

const condition = { operator: '>' as const, threshold: 10, forMs: 0 }
const reading = (value: number, more: Partial<Reading> = {}): Reading => ({
  subject: 'job/a',
  jobId: 'a',
  executionId: null,
  value,
  occurrences: 1,
  message: 'm',
  ...more,
})
const open = (more: Partial<OpenAlert> = {}): OpenAlert => ({
  alertId: '1',
  subject: 'job/a',
  occurrences: 1,
  value: 11,
  clearSinceMs: null,
  raisedLately: 1,
  ...more,
})

describe('a condition', () => {
  test('compares as its operator says', () => {
    const expected: Readonly<Record<ConditionOperator, readonly boolean[]>> = {
      '>': [false, false, true],
      '<': [true, false, false],
      '=': [false, true, false],
      '>=': [false, true, true],
      '<=': [true, true, false],
    }
    for (const operator of OPERATORS)
      expect([9, 10, 11].map((value) => holds(value, { operator, threshold: 10 }))).toEqual(expected[operator])
  })
})

describe('evaluating a rule', () => {
  test('what holds is raised once, and over when it holds no more or is not there', () => {
    expect(evaluateRule(condition, [reading(11)], [], {}, 5)).toMatchObject({ raised: [{ subject: 'job/a', atMs: 5 }] })
    expect(evaluateRule(condition, [reading(11)], [open()], {}, 5)).toMatchObject({
      raised: [],
      changed: [],
      resolved: [],
    })
    expect(evaluateRule(condition, [reading(10)], [open()], {}, 5)).toMatchObject({ resolved: ['1'] })
    expect(evaluateRule(condition, [], [open()], {}, 5)).toMatchObject({ resolved: ['1'] })
  })

  test('facts that are made good raise an alert all the same, and it is over the next time', () => {
    const over = reading(11, { isOver: true, sinceMs: 2 })
    expect(evaluateRule(condition, [over], [], {}, 5)).toMatchObject({ raised: [{ atMs: 2 }], resolved: [] })
    expect(evaluateRule(condition, [over], [open()], {}, 6)).toMatchObject({ raised: [], resolved: ['1'] })
  })

  test('the newest count is known before it is over', () => {
    const over = reading(12, { isOver: true, occurrences: 2 })
    expect(evaluateRule(condition, [over], [open()], {}, 6)).toMatchObject({
      changed: [{ alertId: '1', reading: { occurrences: 2 } }],
      resolved: ['1'],
    })
  })

  test('whatever is measured: never raised before it has held for its time without a break, never twice at a time', () => {
    const step = fc.record({ value: fc.integer({ min: 8, max: 13 }), afterMs: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 100 }), (steps, forMs) => {
        let [nowMs, alerts, pending] = [0, [] as OpenAlert[], {} as Pending]
        let heldSinceMs: number | null = null
        for (const { value, afterMs } of steps) {
          nowMs += afterMs
          heldSinceMs = value > 10 ? (heldSinceMs ?? nowMs) : null
          const judged = evaluateRule({ ...condition, forMs }, [reading(value)], alerts, pending, nowMs)
          pending = judged.pending
          alerts = alerts.filter(({ alertId }) => !judged.resolved.includes(alertId))
          if (judged.raised.length > 0) {
            expect(alerts).toEqual([])
            expect(nowMs - heldSinceMs!).toBeGreaterThanOrEqual(forMs)
            alerts = [open({ value })]
          }
          expect(alerts.length > 0).toBe(heldSinceMs !== null && nowMs - heldSinceMs >= forMs)
        }
      }),
    )
  })
})

describe('flapping', () => {
  test('the more often it has come back, the longer it has to be quiet, up to an hour', () => {
    const holdsFor = [0, 1, 2, 3, 4, 5, 20].map(holdMs)
    expect(holdsFor).toEqual([...holdsFor].sort((a, b) => a - b))
    expect(holdsFor.slice(0, 4)).toEqual([0, 0, 0, 300_000])
    expect(holdMs(20)).toBe(FLAP_WINDOW_MS)
  })

  test('an alert that is quiet for too short stays, and one that holds again has never been quiet', () => {
    expect(evaluateRule(condition, [], [open({ raisedLately: 3 })], {}, 5)).toMatchObject({
      cleared: ['1'],
      resolved: [],
    })
    const quiet = open({ raisedLately: 3, clearSinceMs: 5 })
    expect(evaluateRule(condition, [], [quiet], {}, 300_004)).toMatchObject({ cleared: [], resolved: [] })
    expect(evaluateRule(condition, [], [quiet], {}, 300_005)).toMatchObject({ resolved: ['1'] })
    expect(evaluateRule(condition, [reading(11)], [quiet], {}, 9)).toMatchObject({ changed: [{ alertId: '1' }] })
  })
})
