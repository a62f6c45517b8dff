import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { converge, type GroupState, groupKeyOf, type Untold } from '../../../../core/alert/converge.js'
import { isInhibited, isSilenced } from '../../../../core/alert/quiet.js'
import { LEVELS } from '../../../../core/alert/rule.js'

const pace = { windowMs: 60, repeatMs: 0, tellsResolved: true }
const never: GroupState = { number: 0, lastMs: null }
const alert = (more: Partial<Untold> = {}): Untold => ({
  alertId: 'a',
  occurrences: 1,
  toldOccurrences: 0,
  isResolved: false,
  isAcknowledged: false,
  isQuiet: false,
  ...more,
})

describe('convergence', () => {
  test('the first is told at once, those that follow once a window, with what they stand for', () => {
    expect(converge([alert()], never, pace, 0)).toMatchObject({
      number: 1,
      kind: 'FIRING',
      firing: ['a'],
      occurrences: 1,
    })
    const more = [alert({ occurrences: 7, toldOccurrences: 1 }), alert({ alertId: 'b', occurrences: 3 })]
    expect(converge(more, { number: 1, lastMs: 0 }, pace, 59)).toBeNull()
    expect(converge(more, { number: 1, lastMs: 0 }, pace, 60)).toMatchObject({
      number: 2,
      firing: ['a', 'b'],
      occurrences: 9,
    })
  })

  test('what is over is told with what it stood for; where ends are not told, only if it stands for something new', () => {
    const over = alert({ isResolved: true, toldOccurrences: 1 })
    expect(converge([over], never, pace, 0)).toMatchObject({ kind: 'RESOLVED', resolved: ['a'], occurrences: 0 })
    const silent = { ...pace, tellsResolved: false }
    expect(converge([over], never, silent, 0)).toBeNull()
    expect(converge([{ ...over, occurrences: 3 }], never, silent, 0)).toMatchObject({
      kind: 'RESOLVED',
      occurrences: 2,
    })
  })

  test('over any stream of occurrences, everything is told once, and never two notifications within a window', () => {
    const tick = fc.record({
      afterMs: fc.integer({ min: 0, max: 40 }),
      added: fc.integer({ min: 0, max: 50 }),
      isQuiet: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 80 }), (ticks) => {
        let [nowMs, occurrences, toldOccurrences, told] = [0, 0, 0, 0]
        let group = never
        const step = (isQuiet: boolean) => {
          const telling = converge([alert({ occurrences, toldOccurrences, isQuiet })], group, pace, nowMs)
          if (telling === null) return
          expect(isQuiet).toBe(false)
          expect(group.lastMs === null || nowMs - group.lastMs >= pace.windowMs).toBe(true)
          expect(telling.number).toBe(group.number + 1)
          told += telling.occurrences
          toldOccurrences = occurrences
          group = { number: telling.number, lastMs: nowMs }
        }
        for (const { afterMs, added, isQuiet } of ticks) {
          nowMs += afterMs
          occurrences += added
          step(isQuiet)
        }
        nowMs += pace.windowMs
        step(false)
        expect(told).toBe(occurrences)
      }),
    )
  })

  test('only alerts of a job have groups by job', () => {
    expect(groupKeyOf('r', 'JOB', 'j')).toBe('r/j')
    expect(groupKeyOf('r', 'JOB', null)).toBe('r')
    expect(groupKeyOf('r', 'RULE', 'j')).toBe('r')
  })
})

describe('quiet', () => {
  test('a silence is of a rule, a job, both or all, from its beginning and until its end', () => {
    const lasts = { startMs: 10, endMs: 20 }
    const told = { ruleId: 'r', jobId: 'j' }
    const silenced = (ruleId: string | null, jobId: string | null, nowMs = 15) =>
      isSilenced(told, [{ ruleId, jobId, ...lasts }], nowMs)
    expect([silenced(null, null), silenced('r', null), silenced(null, 'j'), silenced('r', 'j')]).toEqual(
      Array(4).fill(true),
    )
    expect([silenced('other', null), silenced('r', 'other')]).toEqual([false, false])
    expect([9, 10, 19, 20].map((nowMs) => silenced(null, null, nowMs))).toEqual([false, true, true, false])
  })

  test('only a higher level inhibits', () => {
    for (const level of LEVELS)
      for (const worst of LEVELS)
        expect(isInhibited({ level }, worst)).toBe(LEVELS.indexOf(worst) > LEVELS.indexOf(level))
    expect(isInhibited({ level: 'INFO' }, null)).toBe(false)
  })
})
