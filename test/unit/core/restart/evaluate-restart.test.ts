import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { evaluateRestart, explainFailures } from '../../../../core/restart/index.js'
import { noFailures, type RestartConfig } from '../../../../core/restart/strategy.js'

const decisions = (config: RestartConfig, atMs: readonly number[]) =>
  explainFailures(config, atMs).restarts.map(({ decision, delayMs }) => (decision === 'FAIL' ? 'FAIL' : delayMs))

const exponential = (changes: Partial<Extract<RestartConfig, { strategy: 'EXPONENTIAL_BACKOFF' }>> = {}) =>
  ({
    strategy: 'EXPONENTIAL_BACKOFF',
    initialDelayMs: 1000,
    maxDelayMs: 60_000,
    multiplier: 2,
    jitter: 0.1,
    resetAfterMs: 600_000,
    maxRestarts: 10,
    ...changes,
  }) as const

describe('restart strategies', () => {
  it('NONE ends the execution at the first failure', () => {
    expect(decisions({ strategy: 'NONE' }, [0])).toEqual(['FAIL'])
  })

  it('FIXED_DELAY restarts as often as allowed and not once more', () => {
    expect(decisions({ strategy: 'FIXED_DELAY', maxRestarts: 2, delayMs: 500 }, [0, 10, 999_999])).toEqual([
      500,
      500,
      'FAIL',
    ])
    expect(decisions({ strategy: 'FIXED_DELAY', maxRestarts: 0, delayMs: 500 }, [0])).toEqual(['FAIL'])
    expect(decisions({ strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delayMs: 1 }, [0, 1, 2, 3])).toEqual([
      1, 1, 1, 1,
    ])
  })

  it.each([
    { name: 'grows by the multiplier', at: [0, 2000, 5000, 10_000], gives: [1000, 2000, 4000, 8000] },
    {
      name: 'counts failures before the restart that is due as one',
      at: [0, 400, 1000, 1001],
      gives: [1000, 600, 0, 2000],
    },
    {
      name: 'starts over after a quiet time that reaches the threshold',
      at: [0, 2000, 604_000],
      gives: [1000, 2000, 1000],
    },
    { name: 'does not start over a millisecond before it', at: [0, 2000, 603_999], gives: [1000, 2000, 4000] },
  ])('EXPONENTIAL_BACKOFF $name', ({ at, gives }) => {
    expect(decisions(exponential(), at)).toEqual(gives)
  })

  it('EXPONENTIAL_BACKOFF stays below its limit, and fails after so many restarts', () => {
    const config = exponential({ maxDelayMs: 3000, maxRestarts: 3 })
    expect(decisions(config, [0, 10_000, 20_000, 30_000])).toEqual([1000, 2000, 3000, 'FAIL'])
  })

  it('EXPONENTIAL_BACKOFF gives whole milliseconds as a multiplier that is no whole number does', () => {
    expect(decisions(exponential({ initialDelayMs: 333, multiplier: 1.5 }), [0, 1000, 2000])).toEqual([333, 499, 749])
  })

  it('applies jitter before the limits, so that neither is passed', () => {
    const delay = (sample: number, attempt: number) =>
      evaluateRestart(exponential(), { ...noFailures, nextRestartAtMs: 0, backoffAttempt: attempt }, 1, sample).delayMs
    expect([delay(-1, 0), delay(1, 0), delay(-1, 1), delay(1, 1), delay(1, 6), delay(-1, 6)]).toEqual([
      1000, 1100, 1800, 2200, 60_000, 57_600,
    ])
  })

  it('FAILURE_RATE tolerates so many failures within the interval, and its edge belongs to the interval', () => {
    const config = { strategy: 'FAILURE_RATE', maxFailures: 2, intervalMs: 1000, delayMs: 50 } as const
    expect(decisions(config, [0, 500, 1000])).toEqual([50, 50, 'FAIL'])
    expect(decisions(config, [0, 500, 1001, 1500])).toEqual([50, 50, 50, 'FAIL'])
    expect(decisions(config, [0, 500, 1001, 1502])).toEqual([50, 50, 50, 50])
  })

  it('gives a reason that names the numbers', () => {
    const reasons = explainFailures(exponential({ maxRestarts: 2 }), [0, 500, 5000, 9000]).restarts.map(
      ({ reason }) => reason,
    )
    expect(reasons).toEqual([
      'Restart 1 of 2, after 1s (1s × 2^0, jitter 0.1, at most 1m).',
      'Restart 1 is due in 500ms anyway; this failure is counted with the one before.',
      'Restart 2 of 2, after 2s (1s × 2^1, jitter 0.1, at most 1m).',
      'Failure 3 without a quiet time of 10m is one more than the 2 restarts allowed.',
    ])
  })
})

describe('restart strategies, whatever happens when', () => {
  it('never waits less than the first delay nor more than the longest, whatever happens when', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(10_000_000), { minLength: 1, maxLength: 40 }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (gaps, sample) => {
          const config = exponential({ maxRestarts: 'UNLIMITED' })
          let memory = noFailures
          let at = 0
          for (const gap of gaps) {
            at += gap
            const due = memory.nextRestartAtMs
            const evaluation = evaluateRestart(config, memory, at, sample)
            memory = evaluation.memory
            expect(evaluation.decision).toBe('RESTART')
            if (due !== null && at <= due) expect(at + evaluation.delayMs).toBe(due)
            else expect(evaluation.delayMs).toBeGreaterThanOrEqual(1000)
            expect(evaluation.delayMs).toBeLessThanOrEqual(60_000)
          }
        },
      ),
    )
  })

  it('FAILURE_RATE fails exactly when more than so many failures lie within the interval', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 30 }), fc.integer({ min: 0, max: 4 }), (gaps, maxFailures) => {
        const config = { strategy: 'FAILURE_RATE', maxFailures, intervalMs: 1000, delayMs: 1 } as const
        let at = 0
        const times = gaps.map((gap) => (at += gap))
        explainFailures(config, times).restarts.forEach(({ decision, atMs }, index) => {
          const within = times.slice(0, index + 1).filter((time) => atMs - time <= 1000).length
          expect(decision).toBe(within > maxFailures ? 'FAIL' : 'RESTART')
        })
      }),
    )
  })
})
