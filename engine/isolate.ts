/**
 * After a batch has failed because of some of its records: the good ones through the chain, in order, and each bad one
 * told apart at the node where it failed. Suspects are found by trial; what lies between them runs at once, and is halved
 * if it fails all the same. One record runs step by step, so that other branches, and other records that came of it, go
 * on. Clean data never comes here.
 */
import type { JobError } from '../core/errors/job-error.js'
import type { Counters } from '../core/record/counters.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { Step } from './chain.js'
import { allOrNothing, type Computed, computeBatch, isBadRecord, recordsInto, runStep } from './compute.js'
import { findSuspects, sliceOf } from './suspects.js'

/** A record of the batch, by its index, of which something failed at a node. */
export interface BadRecord {
  readonly nodeId: string
  readonly index: number
  /** Where the batch stands meanwhile. */
  readonly table: string
  readonly error: JobError
}

export async function isolateBatch(
  session: Session,
  steps: readonly Step[],
  point: string,
  records: number,
  /** Of bad records that are of interest: one more ends the run. */
  most: number,
  onBad: (bad: BadRecord) => Promise<void>,
): Promise<Computed> {
  const whole = identifier(`whole ${point}`)
  const gathered = new Gathered(session, steps, 'gathered')
  await session.run(`ALTER TABLE ${point} RENAME TO ${whole}`)
  const suspects = records === 1 ? [0] : await findSuspects(session, steps, point, whole, records, most)
  const pending = aroundSuspects(suspects, records).reverse()
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    const [from, to] = range
    if (to - from === 1) {
      await session.run(sliceOf(whole, point, from, to))
      await oneRecord(session, steps, point, gathered, (nodeId, error) =>
        onBad({ nodeId, index: from, table: whole, error }),
      )
      continue
    }
    try {
      gathered.count(
        await allOrNothing(session, async () => {
          await session.run(sliceOf(whole, point, from, to))
          const computed = await computeBatch(session, steps, point, to - from)
          await gathered.take(computed.at)
          return computed
        }),
      )
    } catch (error) {
      if (!isBadRecord(error)) throw error
      pending.push(...halves(from, to))
    }
  }
  await session.run(`DROP TABLE IF EXISTS ${point}`)
  await session.run(`ALTER TABLE ${whole} RENAME TO ${point}`)
  const { at, counted } = await gathered.finish()
  return { at: new Map([...at, [point, records]]), counted }
}

type Range = readonly [from: number, to: number]

/** Each suspect by itself, and what lies between them. */
function aroundSuspects(suspects: readonly number[], records: number): Range[] {
  const ranges: Range[] = []
  let from = 0
  for (const suspect of suspects) {
    ranges.push([from, suspect], [suspect, suspect + 1])
    from = suspect + 1
  }
  ranges.push([from, records])
  return ranges.filter(([begin, end]) => begin < end)
}

/** The first half last, so that it is taken first. */
function halves(from: number, to: number): Range[] {
  const middle = (from + to) >> 1
  return [
    [middle, to],
    [from, middle],
  ]
}

/** Each step keeps what it can of what reaches it. */
async function oneRecord(
  session: Session,
  steps: readonly Step[],
  point: string,
  gathered: Gathered,
  onBad: (nodeId: string, error: JobError) => Promise<void>,
): Promise<void> {
  const at = new Map([[point, 1]])
  const counted: Computed['counted'][number][] = []
  for (const step of steps) {
    const arrived = recordsInto(step, at)
    if (arrived === 0) continue
    const computed = await oneStep(session, step, arrived, at, (error) => onBad(step.node.id, error))
    at.set(step.point, computed.at.get(step.point) ?? 0)
    counted.push(...computed.counted)
  }
  await gathered.take(at)
  gathered.count({ at, counted })
}

/** A step over the few records that came of one record: all at once, else one by one. */
async function oneStep(
  session: Session,
  step: Step,
  records: number,
  at: ReadonlyMap<string, number>,
  onBad: (error: JobError) => Promise<void>,
): Promise<Computed> {
  try {
    const { out, delta } = await allOrNothing(session, () => runStep(session, step, records))
    return { at: new Map([[step.point, out]]), counted: [[step.node.id, delta]] }
  } catch (error) {
    if (!isBadRecord(error)) throw error
    if (records === 1) {
      await onBad(error)
      return { at: new Map(), counted: [[step.node.id, { in: 1, failed: 1 }]] }
    }
  }
  const feed = step.feeds.find((candidate) => (at.get(candidate) ?? 0) > 0)!
  const all = identifier(`all ${feed}`)
  const gathered = new Gathered(session, [step], 'one by one')
  await session.run(`ALTER TABLE ${feed} RENAME TO ${all}`)
  for (let index = 0; index < records; index += 1) {
    await session.run(sliceOf(all, feed, index, index + 1))
    const one = await oneStep(session, step, 1, new Map([[feed, 1]]), onBad)
    await gathered.take(one.at)
    gathered.count(one)
  }
  await session.run(`DROP TABLE ${feed}`)
  await session.run(`ALTER TABLE ${all} RENAME TO ${feed}`)
  return await gathered.finish()
}

/** Outputs of the pieces of a batch, one after another, as if the batch had run at once. */
class Gathered {
  private readonly at = new Map<string, number>()
  private readonly counted: [string, Partial<Counters>][] = []

  constructor(
    private readonly session: Session,
    private readonly steps: readonly Step[],
    private readonly prefix: string,
  ) {}

  /** Moves what stands at the steps' points behind what was gathered before; undone if its transaction is. */
  async take(at: ReadonlyMap<string, number>): Promise<void> {
    for (const { point } of this.steps) {
      if ((at.get(point) ?? 0) === 0) continue
      await this.session.run(`CREATE TABLE IF NOT EXISTS ${this.table(point)} AS SELECT * FROM ${point} LIMIT 0`)
      await this.session.run(`INSERT INTO ${this.table(point)} SELECT * FROM ${point}`)
    }
  }

  /** Counts a piece whose transaction has been committed. */
  count({ at, counted }: Computed): void {
    for (const { point } of this.steps) this.at.set(point, (this.at.get(point) ?? 0) + (at.get(point) ?? 0))
    for (const [nodeId, delta] of counted) this.counted.push([nodeId, delta])
  }

  async finish(): Promise<Computed> {
    for (const { point } of this.steps) {
      if ((this.at.get(point) ?? 0) === 0) continue
      await this.session.run(`DROP TABLE IF EXISTS ${point}`)
      await this.session.run(`ALTER TABLE ${this.table(point)} RENAME TO ${point}`)
    }
    return { at: this.at, counted: this.counted }
  }

  private table(point: string): string {
    return identifier(`${this.prefix} ${point}`)
  }
}
