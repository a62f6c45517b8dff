/** The real loop and the real activities over a world in memory, in which anything may happen between any two steps. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { trials, tryOut } from './trial.js'

test('whatever happens, and in whatever order: nothing is lost, nothing is doubled, and it ends', async () => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(trials, async (trial) => {
      const world = await tryOut(trial)
      runs += 1
      expect(world.workflows.every(({ outcome }) => outcome !== null)).toBe(true)
    }),
    { numRuns: Number(process.env.ETL_MODEL_RUNS ?? 1_000) },
  )
  expect(runs).toBeGreaterThan(0)
}, 3_600_000)
