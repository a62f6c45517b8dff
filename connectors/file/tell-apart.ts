/** Which records of a slice are bad: as DuckDB names them, and else by trial. */
import { isJobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { plainTrouble } from '../plain-trouble.js'
import type { Dialect } from './record-ends.js'
import { type Found, rewritten, startsOf } from './rewrite.js'
import type { BadRecord, Slice, TextReader } from './text-format.js'
import { writeSlice } from './write-slice.js'

export interface Whole {
  readonly bytes: Uint8Array
  readonly records: readonly Found[]
  readonly dialect: Dialect
  /** Bad whatever DuckDB makes of them. */
  readonly known: readonly BadRecord[]
  readonly slice: Slice
  readonly reader: TextReader
  readonly session: Session
  /** Where the good records are to lie. */
  readonly table: string
}

/** Takes bad records out until DuckDB reads the rest, and all of it. */
export async function tellApart(whole: Whole): Promise<{ kept: number[]; bad: BadRecord[] }> {
  const bad: BadRecord[] = [...whole.known]
  const known = new Set(bad.map(({ index }) => index))
  let kept = whole.records.map((_, index) => index).filter((index) => !known.has(index))
  for (;;) {
    if ((await attempt(whole, kept)) === null) return { kept, bad: bad.sort((a, b) => a.index - b.index) }
    const found = await findBad(whole, kept)
    bad.push(...found)
    const out = new Set(found.map((one) => one.index))
    kept = kept.filter((index) => !out.has(index))
  }
}

/** null: these are read, and all of them. */
async function attempt(whole: Whole, indexes: readonly number[]): Promise<string | null> {
  const { bytes, records, dialect, slice, reader, session, table } = whole
  const part = indexes.map((index) => records[index]!)
  const plain = rewritten(bytes, part, dialect)
  const written = await writeSlice({ ...slice, crlf: false }, plain, reader)
  try {
    await session.run(`CREATE OR REPLACE TABLE ${table} AS ${reader.select(written)}`)
    const read = await session.count(`SELECT count(*) FROM ${table}`)
    return read === indexes.length ? null : 'The record cannot be told from its neighbours.'
  } catch (error) {
    if (!isJobError(error) || ['cancelled', 'disk.full', 'memory.exhausted'].includes(error.code)) throw error
    return plainTrouble(error.message)
  }
}

/** At least one of `kept`, whose slice has just failed and still stands. */
async function findBad(whole: Whole, kept: readonly number[]): Promise<BadRecord[]> {
  const named = await namedBad(whole, kept)
  return named.length > 0 ? named : [await bisect(whole, kept)]
}

async function namedBad({ bytes, records, dialect, slice, reader, session }: Whole, kept: readonly number[]) {
  const part = kept.map((index) => records[index]!)
  try {
    const named = await reader.findBad({ ...slice, crlf: false }, startsOf(bytes, part, dialect), session)
    return named.map((one) => ({ ...one, index: kept[one.index]! }))
  } catch (error) {
    // It gives up on some bytes before it has named any record.
    if (!isJobError(error) || error.code !== 'record.bad') throw error
    return []
  }
}

/** The first record without which what stands before it can be read. */
async function bisect(whole: Whole, indexes: readonly number[]): Promise<BadRecord> {
  let good = 0
  let failing = indexes.length
  let message = 'The record cannot be read.'
  while (failing - good > 1) {
    const middle = (good + failing) >> 1
    const trouble = await attempt(whole, indexes.slice(0, middle))
    if (trouble === null) good = middle
    else {
      failing = middle
      message = trouble
    }
  }
  message = (await attempt(whole, [indexes[failing - 1]!])) ?? message
  return { index: indexes[failing - 1]!, message }
}
