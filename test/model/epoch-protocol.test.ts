/** The real loop and the real activities over a world in memory, in which anything may happen between any two steps. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Situation, situations } from './ledger.js'
import { trials, tryOut } from './trial.js'

test('whatever happens, and in whatever order: nothing is lost, nothing is doubled, and it ends', async () => {
  const met = new Set<Situation>()
  const property = fc.asyncProperty(trials, async (trial) => {
    const world = await tryOut(trial)
    for (const situation of world.ledger.met) met.add(situation)
  })
  const missing = () => situations.filter((situation) => !met.has(situation))
  await fc.assert(property, { numRuns: Number(process.env.ETL_MODEL_RUNS ?? 400) })
  // A model that never comes into trouble proves nothing; some troubles are rare.
  for (let more = 0; more < 8 && missing().length > 0; more += 1) await fc.assert(property, { numRuns: 200 })
  expect(missing()).toEqual([])
}, 3_600_000)
