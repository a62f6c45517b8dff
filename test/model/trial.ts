/** One run of the model: what it is given, and what must be so in the end. */
import fc from 'fast-check'
import { type Counted, countedBetween, type Item, isBad, recordMark, type Shape } from './job.js'
import type { Invariant } from './ledger.js'
import type { Mutant } from './mutants.js'
import type { Fault } from './scheduler.js'
import { type FaultKind, faultKinds, World } from './world.js'

export interface Trial {
  readonly shape: Shape
  readonly seed: number
  readonly faults: readonly Fault<FaultKind>[]
}

const shape: fc.Arbitrary<Shape> = fc.record({
  type: fc.constantFrom('BATCH', 'STREAMING'),
  records: fc.nat(30),
  sources: fc.integer({ min: 1, max: 3 }),
  counters: fc.integer({ min: 1, max: 2 }),
  side: fc.boolean(),
  blind: fc.boolean(),
  volatile: fc.boolean(),
  bad: fc.boolean(),
  atEnd: fc.boolean(),
  retained: fc.integer({ min: 1, max: 3 }),
  graceMs: fc.constantFrom(0, 2_000),
  maxRestarts: fc.constantFrom(0, 2, 100),
})

/** What ends it early comes less often, so that much can happen before. */
const rare: readonly FaultKind[] = ['STOP', 'STOP_NOW', 'DRAIN', 'DRAIN_NOW', 'CANCEL', 'POWER_CUT', 'FORK']
const often = faultKinds.filter((kind) => !rare.includes(kind))

const fault: fc.Arbitrary<Fault<FaultKind>> = fc.record({
  at: fc.nat(500),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  ),
  pick: fc.nat(300),
})

export const trials: fc.Arbitrary<Trial> = fc.record({
  shape: shape.map((one) => (one.type === 'STREAMING' ? { ...one, atEnd: false } : one)),
  seed: fc.nat(1_000_000_000),
  faults: fc.array(fault, { maxLength: 16, size: 'max' }),
})

/** Throws what was broken, and the story of how it came about. */
export async function tryOut({ shape, seed, faults }: Trial, mutant: Mutant | null = null): Promise<World> {
  const world = new World(shape, seed, faults, mutant)
  try {
    await world.run()
    for (const lineageId of world.lineages()) compare(world, lineageId)
    return world
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${world.scheduler.story()}`
    throw error
  } finally {
    await world.end()
  }
}

/** Zero lost, zero doubled: the target holds what the source gave since the lineage began, as transformed. */
function compare(world: World, lineageId: string): void {
  const { shape, target, tables, ledger } = world
  const end = world.endOf(lineageId)
  const from = (world.forkedFrom(lineageId)?.positions.src?.position as number | undefined) ?? 0
  const written = (sinkUid: string) =>
    target.visible
      .filter((one) => one.lineageId === lineageId && one.sinkUid === sinkUid)
      .flatMap(({ rows }) => rows as Counted[])
      .sort((a, b) => a.n - b.n)
  const must = (invariant: Invariant, what: string, given: unknown, wanted: unknown) =>
    ledger.mustHold(
      invariant,
      JSON.stringify(given) === JSON.stringify(wanted),
      () => `${what} of ${lineageId}: ${JSON.stringify(given)}, and not ${JSON.stringify(wanted)}`,
    )
  const numbers = (some: readonly { readonly n: number }[]) => some.map(({ n }) => n)
  const all = Array.from({ length: end - from }, (_, index) => from + index)
  const counted = countedBetween(shape, from, end)
  const raw: Item[] = written('raw')
  const out = written('out')
  must('I2', 'the records', numbers(raw), all)
  must('I2', 'the counted records', numbers(out), numbers(counted))
  must(
    'I9',
    'what was counted',
    out.map(({ reading: _, ...rest }) => rest),
    counted,
  )
  const readings = new Map(raw.map(({ n, reading }) => [n, reading]))
  for (const { n, reading } of out) must('I9', `what was read of ${n}`, reading, readings.get(n))
  if (!shape.volatile)
    for (const { n, reading } of raw) must('I9', `what was read of ${n}`, reading, `${recordMark}${n}`)
  const letters = tables.deadLetters.filter((one) => one.lineageId === lineageId)
  must(
    'I3',
    'the dead letters',
    letters.map(({ rejected }) => Number(rejected.original)).sort((a, b) => a - b),
    all.filter((n) => isBad(shape, { n })),
  )
  const executions = [...tables.executions.values()].filter((one) => one.lineageId === lineageId)
  const read = executions.reduce((sum, { totals }) => sum + totals.read, 0)
  ledger.mustHold('I8', read === all.length, () => `${read} records are counted, and not ${all.length}`)
  ledger.check()
}
