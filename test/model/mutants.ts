/** What may be broken on purpose, so that the model test can be seen to fail; by the invariant that each of them breaks. */
export const mutants = {
  I1: ['plans again', 'numbers again', 'drops what is shown', 'drops without fence'],
  I2: ['sink without fence', 'data apart from mark', 'marks ignored'],
  I3: ['checkpoints without owner', 'positions apart'],
  I4: ['older restore'],
  I5: ['names without epoch', 'collects too much'],
  I6: ['tells records'],
  I7: ['impatient'],
  I8: ['loses a record', 'commits again'],
  I9: ['by arrival', 'uncaptured'],
} as const

export type Mutant = (typeof mutants)[keyof typeof mutants][number]
