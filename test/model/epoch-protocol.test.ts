/** The real loop and the real activities over a world in memory, in which anything may happen between any two steps. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Situation, situations } from './ledger.js'
import { trials, tryOut } from './trial.js'

test('whatever happens, and in whatever order: nothing is lost, nothing is doubled, and it ends', async () => {
  const met = new Map<Situation, number>()
  await fc.assert(
    fc.asyncProperty(trials, async (trial) => {
      const world = await tryOut(trial)
      for (const situation of world.ledger.met) met.set(situation, (met.get(situation) ?? 0) + 1)
    }),
    { numRuns: Number(process.env.ETL_MODEL_RUNS ?? 400) },
  )
  // A model that never comes into trouble proves nothing.
  expect(situations.filter((situation) => !met.has(situation))).toEqual([])
}, 3_600_000)
