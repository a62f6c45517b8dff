/**
 * Which record of a batch became row `r` at a point of the chain. Clean batches carry no such knowledge: it is made from
 * what operators say of their output (`Compiled.origins`), as a table of (place, origin) beside the point's own.
 */
import type { Session } from '../../duckdb/session.js'
import { among, identifier } from '../../duckdb/sql.js'
import type { Step } from '../chain.js'

/** Rows that are asked for at once. */
const rowsAtOnce = 10_000

export function originTable(point: string): string {
  return identifier(`came ${point}`)
}

export function createOrigins(point: string): string {
  return `CREATE OR REPLACE TABLE ${originTable(point)} (place BIGINT, origin BIGINT)`
}

/** What a feed's own rows are: SELECT of (place, origin). */
export interface FeedOrigins {
  /** From place in what the step reads, to the record of the batch. */
  readonly select: string
}

/** Records of a batch at the point where it comes in. */
export const itself = (table: string): FeedOrigins => ({
  select: `SELECT rowid AS place, rowid AS origin FROM ${table}`,
})

/** Rows that a step has just made of its feed, behind `before` others; within the transaction that made them. */
export function insertOrigins(step: Step, feed: string, from: FeedOrigins, before: number): string {
  const made = step.compiled.origins ?? `SELECT rowid - (SELECT min(rowid) FROM ${feed}) AS place FROM ${feed}`
  return `INSERT INTO ${originTable(step.point)}
    SELECT made.number + ${before}, came.origin
    FROM (SELECT row_number() OVER () - 1 AS number, place FROM (${made}) AS made(place)) AS made
    JOIN (${from.select}) AS came ON came.place = made.place`
}

/** Does the step say where its output comes from? */
export function tellsOrigins({ compiled }: Step): boolean {
  return compiled.each !== null && (compiled.origins !== undefined || compiled.accounting === 'MAPS')
}

/** Then a record of the batch stands for the row: run again, it gives that row and no others, whatever came before. */
export function givesOneAtMost({ compiled }: Step): boolean {
  const { accounting, absorb = [], state = [] } = compiled
  return (accounting === 'MAPS' || accounting === 'FILTERS') && absorb.length === 0 && state.length === 0
}

/** The records of the batch that these rows came of; a row that is not in the answer cannot be told. */
export async function originsOf(
  session: Session,
  origins: string,
  rows: readonly number[],
): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const part = among(rows.slice(from, from + rowsAtOnce))
    const pairs = await session.rows(`SELECT place, origin FROM (${origins}) WHERE place IN ${part}`)
    for (const [place, origin] of pairs) found.set(Number(place), Number(origin))
  }
  return found
}
