/**
 * One step over a batch some of whose records are bad. The operator says which (`Compiled.failing`), and the rest runs at
 * once. Where it cannot say, or the rest fails all the same, they are found by trial.
 */
import { isJobError } from '../../core/errors/job-error.js'
import type { Counters } from '../../core/record/counters.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { Step } from '../chain.js'
import { allOrNothing, isBadRecord, runStep } from '../compute.js'
import type { Stamps } from '../stamps.js'
import { createOrigins, insertOrigins } from './origins.js'
import { errorOf, findSuspects, sliceOf, type Trial, withinSlice } from './suspects.js'

/** So many bad records of a batch are run alone: for DuckDB's own words, and to see whether the operator is right. */
const mostAlone = 100

export interface FailedRow {
  /** Of the step's feed. */
  readonly row: number
  readonly code: string
  readonly message: string
}

export interface RanApart {
  readonly out: number
  readonly late: number
  readonly deltas: readonly Partial<Counters>[]
  /** Ascending. */
  readonly failed: readonly FailedRow[]
}

export class StepApart {
  private readonly whole: string
  private readonly bad: string
  private readonly gathered: string
  private readonly lateGathered: string
  private readonly trial: Trial
  private readonly messages = new Map<number, string>()
  private readonly deltas: Partial<Counters>[] = []
  private out = 0
  private late = 0

  constructor(
    private readonly session: Session,
    private readonly step: Step,
    private readonly feed: string,
    /** SELECT of (place, origin) for the feed, whose table goes by another name meanwhile; null: not to be followed. */
    private readonly originsOf: ((whole: string) => string) | null,
    private readonly stamps: Stamps,
  ) {
    this.whole = identifier(`whole ${feed}`)
    this.bad = identifier(`bad ${feed}`)
    this.gathered = identifier(`gathered ${step.point}`)
    this.lateGathered = identifier(`gathered late ${step.point}`)
    this.trial = { session, step, feed, whole: this.whole, left: `rowid NOT IN (SELECT row FROM ${this.bad})` }
  }

  async run(records: number, most: number): Promise<RanApart> {
    const { session, whole, feed, bad, step } = this
    await session.run(`CREATE OR REPLACE TABLE ${bad} (row BIGINT, what VARCHAR)`)
    if (this.originsOf !== null) await session.run(createOrigins(step.point))
    await session.run(`CREATE OR REPLACE TABLE ${whole} AS FROM ${feed}`)
    if (!(await this.take(0, records))) {
      await this.askOperator(most)
      if (!(await this.take(0, records))) await this.byTrial(records, most)
    }
    await session.run(`DROP TABLE ${feed}; ALTER TABLE ${whole} RENAME TO ${feed}`)
    if (this.out > 0) await session.run(renamed(this.gathered, step.point))
    if (step.late !== null && this.late > 0) await session.run(renamed(this.lateGathered, step.late.point))
    const failed = await this.failedRows()
    await session.run(`DROP TABLE ${bad}`)
    return { out: this.out, late: this.late, deltas: this.deltas, failed }
  }

  /** Runs what is left of a range. false: it failed, and nothing of it has stayed. */
  private async take(from: number, to: number): Promise<boolean> {
    const { session, step, trial, gathered, lateGathered, stamps } = this
    const mark = stamps.mark()
    try {
      await allOrNothing(session, async () => {
        await session.run(sliceOf(trial, from, to))
        const records = await session.count(`SELECT count(*) FROM ${this.feed}`)
        if (records === 0) return
        const { out, late, delta } = await runStep(session, step, records, stamps, () => this.follow(from, to))
        if (out > 0) await gather(session, step.point, gathered)
        if (step.late !== null && late > 0) await gather(session, step.late.point, lateGathered)
        this.deltas.push(delta)
        this.out += out
        this.late += late
      })
      return true
    } catch (error) {
      stamps.reset(mark)
      if (!isBadRecord(error)) throw error
      return false
    }
  }

  private async follow(from: number, to: number): Promise<void> {
    const { step, originsOf, whole, trial } = this
    if (originsOf === null) return
    const taken = `SELECT row_number() OVER (ORDER BY rowid) - 1 AS place, rowid AS row FROM ${whole} WHERE ${withinSlice(trial, from, to)}`
    const select = `SELECT taken.place, came.origin FROM (${taken}) AS taken JOIN (${originsOf(whole)}) AS came ON came.place = taken.row`
    await this.session.run(insertOrigins(step, this.feed, { select }, this.out))
  }

  /** Some of them are run alone; if only one of those is good, the operator is not believed. */
  private async askOperator(most: number): Promise<void> {
    const { session, step, whole, bad, feed, messages } = this
    if (step.compiled.failing === undefined) return
    await session.run(`CREATE OR REPLACE TABLE ${feed} AS FROM ${whole}`)
    try {
      await session.run(`INSERT INTO ${bad} ${step.compiled.failing}`)
    } catch (error) {
      if (isJobError(error) && (error.code === 'record.bad' || error.code === 'sql.invalid')) return
      throw error
    }
    const alone = await session.rows(`SELECT row FROM ${bad} ORDER BY row LIMIT ${Math.min(most, mostAlone)}`)
    const everything: Trial = { ...this.trial, left: 'true' }
    for (const [row] of alone) {
      const error = await errorOf(everything, Number(row), Number(row) + 1)
      if (error === null) {
        await session.run(`DELETE FROM ${bad}`)
        messages.clear()
        return
      }
      messages.set(Number(row), error.message)
    }
  }

  /** Each suspect by itself, and what lies between them at once; halved if it fails all the same. */
  private async byTrial(records: number, most: number): Promise<void> {
    const suspects = records === 1 ? [0] : await findSuspects(this.trial, records, most)
    const pending = aroundSuspects(suspects, records).reverse()
    for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
      const [from, to] = range
      if (await this.take(from, to)) continue
      if (to - from > 1) pending.push(...halves(from, to))
      else await this.refuse(from)
      if (this.messages.size >= most) return
    }
  }

  private async refuse(row: number): Promise<void> {
    const error = await errorOf(this.trial, row, row + 1)
    this.messages.set(row, error?.message ?? 'The record fails together with those before it.')
    await this.session.run(`INSERT INTO ${this.bad} VALUES (${row}, '')`)
  }

  private async failedRows(): Promise<FailedRow[]> {
    const rows = await this.session.rows(`SELECT row, what FROM ${this.bad} ORDER BY row`)
    return rows.map(([row, what]) => ({
      row: Number(row),
      code: 'record.bad',
      message: this.messages.get(Number(row)) ?? String(what),
    }))
  }
}

const renamed = (from: string, to: string) => `DROP TABLE IF EXISTS ${to}; ALTER TABLE ${from} RENAME TO ${to}`

async function gather(session: Session, from: string, into: string): Promise<void> {
  await session.run(`CREATE TABLE IF NOT EXISTS ${into} AS SELECT * FROM ${from} LIMIT 0`)
  await session.run(`INSERT INTO ${into} SELECT * FROM ${from}`)
}

type Range = readonly [from: number, to: number]

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
