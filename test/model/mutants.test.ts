/** The model test can fail: each mutant breaks one invariant on purpose, and is found. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Mutant, mutants } from './mutants.js'
import { trials, tryOut } from './trial.js'

const cases = Object.entries(mutants).flatMap(([invariant, some]) => some.map((mutant) => [invariant, mutant] as const))

test.each(cases)(
  '%s: %s',
  async (invariant, mutant: Mutant) => {
    const property = fc.asyncProperty(trials, async (trial) => {
      await tryOut(trial, mutant)
    })
    const found = await fc.check(property, { numRuns: 1_000, seed: 1, endOnFailure: true })
    expect(found.failed).toBe(true)
    expect(String((found.errorInstance as Error).message)).toMatch(new RegExp(`^${invariant}: `))
  },
  120_000,
)
