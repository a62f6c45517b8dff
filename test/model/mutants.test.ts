/** The model test can fail: each mutant breaks one invariant on purpose, and that is what is found. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Violation } from './ledger.js'
import { type Mutant, mutants } from './mutants.js'
import { trials, tryOut } from './trial.js'

const cases = Object.entries(mutants).flatMap(([invariant, some]) => some.map((mutant) => [invariant, mutant] as const))

test.each(cases)(
  '%s: %s',
  async (invariant, mutant: Mutant) => {
    const property = fc.asyncProperty(trials, async (trial) => {
      await tryOut(trial, mutant).catch((error) => {
        // One mutant may break several.
        if (error instanceof Violation && error.invariant === invariant) throw error
      })
    })
    const found = await fc.check(property, { numRuns: 2_000, seed: 1, endOnFailure: true })
    expect(found.failed).toBe(true)
    expect(found.errorInstance).toBeInstanceOf(Violation)
  },
  600_000,
)
