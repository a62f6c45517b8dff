/** What is grouped, by what, and what is computed: as AGGREGATE and WINDOW tell it to every way of keeping state. */
import type { Schema } from '../../core/record/schema.js'
import type { SplitAggregates } from '../../duckdb/aggregates.js'
import type { Tried } from '../failing.js'

export interface Grouping {
  readonly nodeId: string
  readonly records: Records
  readonly keys: readonly string[]
  readonly results: readonly Result[]
  readonly windows: Windows | null
}

/** One batch of records. */
export interface Records {
  /** What `rowid` is of. */
  readonly table: string
  /** A relation of the same records. */
  readonly from: string
  readonly schema: Schema
  /** A record's place in the batch, as `from` tells it. */
  readonly place: string
}

export interface Result {
  readonly name: string
  readonly split: SplitAggregates
}

/** The last of the keys are the windows' own columns. */
export interface Windows {
  /** A column of the records that is kept for it. */
  readonly time: string
  readonly columns: Schema
  /** Each record of a relation once for every window that it is in, with the window's columns. */
  readonly assign: (from: string, keys: readonly string[]) => string
  /** Windows that have grown together take the bounds of the whole; null: each stands for itself. */
  readonly merge: ((from: string, keys: readonly string[]) => string) | null
  /** What each record must have for it. */
  readonly tried: Tried
}

/** Columns as expressions see them: those of a window stand before others of the same name. */
export function seenColumns({ records, windows }: Pick<Grouping, 'records' | 'windows'>): Schema {
  return [...records.schema, ...(windows?.columns ?? [])]
}
