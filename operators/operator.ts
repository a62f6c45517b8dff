import type { ConfigSchema } from '../core/config/schema.js'
import type { StateType } from '../core/execution/chain-task.js'
import type { Schema } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import type { FunctionReference, ResultColumn } from '../functions/spi.js'

/** An operator: a config schema and how it compiles to SQL. One file each; `filter.ts` is the example to copy. */
export interface Operator<Config = unknown> {
  readonly type: string
  readonly summary: string
  readonly config: ConfigSchema<Config>
  /** Which ports it reads. MANY: one or more, named by the user or `input`. */
  readonly ports: readonly Port[] | 'MANY'
  /** Streaming comes operator by operator; BATCH always works. */
  readonly modes: readonly ('BATCH' | 'STREAMING')[]
  /** Has a second output, `id.late`, with the columns of its input. */
  readonly late?: boolean
  /** Columns that its expressions see besides those of the input. */
  readonly adds?: Schema
  /**
   * Keyed operators ask for SHUFFLE/HASH on these columns of each port when they run in parallel. An empty list: all
   * records of the port must meet in one subtask. null, or absent: any distribution will do.
   */
  readonly key?: (config: Config, mode: Setting['mode']) => Readonly<Record<string, readonly string[]>> | null
  /**
   * A record passes it by itself: what it gives does not depend on other records of its inputs that are not blocking.
   * Absent: it does. Only then can a dead letter be replayed through it.
   */
  readonly takesAlone?: (config: Config) => boolean
  /**
   * The same for binding (empty tables of the input schemas) and for running. Expressions in `config` have passed the
   * allow-list. A promise only where an expression has to be taken apart.
   */
  readonly compile: (config: Config, inputs: readonly Input[], setting: Setting) => Compiled | Promise<Compiled>
}

/** Where and when a node is at work. */
export interface Setting {
  /** Names the state's tables. */
  readonly nodeId: string
  readonly mode: 'BATCH' | 'STREAMING'
  /** The plan's time, ISO 8601 (I9). */
  readonly at: string
}

export interface Port {
  readonly name: string
  /** Read to its end in an earlier phase, and kept as state. */
  readonly blocking?: boolean | ((config: Readonly<Record<string, unknown>>, mode: Setting['mode']) => boolean)
  /** Every column is asked for by name, and `rowid` for its order alone: what a filter keeps need not be copied first. */
  readonly byName?: boolean
}

/**
 * A table in the session that holds one batch of a port, in source order: `rowid` ascends without gaps, though from any
 * start (DuckDB counts from 2^55 within a transaction). A port that has no batch at the moment has an empty table. The
 * table of a blocking port holds all its records.
 */
export interface Input {
  readonly port: string
  /** Quoted identifier. */
  readonly table: string
  readonly schema: Schema
  /** The column of event time, as the nearest `watermark` above names it; null: there is none. */
  readonly time: string | null
  /**
   * STREAMING: the column (quoted) of the watermark that each record met, in milliseconds since 1970; null: there is none.
   * It is not in `schema`, and stays with what becomes of the record.
   */
  readonly met: string | null
}

/** Items of a SELECT that keeps the watermark with its record. */
export function keepingMet({ met }: Pick<Input, 'met'>, items: readonly string[], from?: string): readonly string[] {
  return met === null ? items : [...items, from === undefined ? met : `${from}.${met} AS ${met}`]
}

/**
 * What to run for each batch and at the end of the phase's input. Statements see the inputs' tables and the state's
 * tables under the names given here; the engine materialises `each` and `end` and passes them on in order.
 */
export interface Compiled {
  /** SELECT over one batch, in source order; null: nothing leaves before the end. */
  readonly each: string | null
  /** What SQL cannot do comes first: `each` is over what a function has made of a part of the batch. */
  readonly call?: Call
  /** `each` with `rowid` as a column, for a step that asks by name (`Port.byName`): nothing is copied then. */
  readonly view?: string
  /**
   * SELECT of the place in the batch (see `placeIn`) that each record of `each` came of, in its order. Absent: MAPS, one
   * for one. Asked only when records have to be traced back.
   */
  readonly origins?: string
  /**
   * SELECT of `rowid` and a sentence: the records of the batch that make `each` or `absorb` fail, and what of each cannot
   * be computed. `TRY([…]) IS NULL` tells them: a list of NULL is no NULL. Asked only after the batch has failed; absent,
   * or where the rest fails all the same, bad records are found by trial, which takes a few milliseconds each.
   */
  readonly failing?: string
  /** Before `late` and `absorb`, which read what it has decided. */
  readonly decide?: Decision
  /** Statements after `each` that merge the batch into state. */
  readonly absorb?: readonly string[]
  /** SELECT of the records of a batch that leave by the second output, as they came in; before `absorb`. */
  readonly late?: string
  /** SELECT emitted once, in the epoch whose plan says `end`. */
  readonly end?: string
  /**
   * STREAMING: what follows the last batch of every epoch, instead of `end`. `watermark`: event time has come so far, in
   * milliseconds since 1970; null: nowhere yet, or there is none; Infinity: the input has ended.
   */
  readonly close?: (watermark: number | null) => Closing
  /** Tables of the session that survive from epoch to epoch, and are snapshotted. */
  readonly state?: readonly StateTable[]
  /** How records are accounted for (I8). */
  readonly accounting: Accounting
}

/**
 * MAPS: out = in. FILTERS: what does not leave is filtered.
 * FANS_OUT: every record passed, any number leave. ABSORBS: what does not leave is in state.
 * A number of ours: a SELECT that counts the records of the batch that passed (a join that fans out and filters), or that
 * are in state (windows with gaps between them); the others are filtered.
 */
export type Accounting =
  | 'MAPS'
  | 'FILTERS'
  | 'FANS_OUT'
  | 'ABSORBS'
  | { readonly passed: string }
  | { readonly absorbed: string }

/** Records of `from` go through a function in a process of its own, a part of the batch at a time. */
export interface Call {
  readonly reference: FunctionReference
  readonly from: Input
  /** Takes what it gives for one part: a column for each of `results`, in their order. */
  readonly given: { readonly table: string; readonly create: string }
  readonly results: readonly ResultColumn[]
  /** SELECT of sentences: values in `given` that are not of the type promised. */
  readonly faults: string
  readonly at: string
  readonly timeoutMs: number
}

export function countOf(accounting: Exclude<Accounting, string>): string {
  return 'passed' in accounting ? accounting.passed : accounting.absorbed
}

/** What depends on records one by one, in their order, and so cannot be said in SQL. Few rows, as a rule. */
export interface Decision {
  /** They leave the tables that `answer` fills, empty. */
  readonly before: readonly string[]
  readonly ask: readonly string[]
  /** Pure: from the rows of each question to columns for tables. */
  readonly answer: (rows: readonly (readonly (readonly unknown[])[])[]) => readonly Answer[]
}

export interface Answer {
  readonly table: string
  readonly columns: readonly (readonly unknown[])[]
}

/** In one transaction. */
export interface Closing {
  readonly before?: readonly string[]
  /** SELECT of what is emitted; null: nothing. */
  readonly emit: string | null
  readonly after?: readonly string[]
}

export interface StateTable {
  readonly name: string
  readonly type: StateType
  /** Quoted identifier of the table in the session; unique to the node: build it with `stateTable`. */
  readonly table: string
  /** `CREATE TABLE … AS SELECT … LIMIT 0` or with columns; makes it without records; a snapshot is loaded into it. */
  readonly create: string
  /** Records are only ever added: a snapshot holds those that came since the one before. */
  readonly grows?: true
  /** Its own columns that tell by which column of the input a row was dealt to this subtask; absent: nothing tells. */
  readonly key?: readonly { readonly column: string; readonly of: string }[]
  /** The port whose records decided by their key; absent: the first that is not blocking. */
  readonly port?: string
  /** A column that numbers its rows in one subtask: numbered anew where rows of several come together. */
  readonly place?: string
  /** Each subtask takes all rows of all others: they are of no key. */
  readonly everywhere?: true
  /** What an epoch has changed, after `close`: a snapshot holds only that. */
  readonly changes?: Changes
}

export interface Changes {
  /** Columns whose values are the key of a row; of one key a MAP has one row, and a LIST any number. */
  readonly by: readonly string[]
  /** SELECT of rows, in the table's columns: in a MAP each stands for its key from now on, to a LIST they are added. */
  readonly set: string
  /** SELECT of keys, of which no earlier row is left; null: none ever goes. */
  readonly gone: string | null
}

/** Quoted name of a state table of a node. */
export function stateTable(nodeId: string, name: string): string {
  return identifier(`state ${nodeId} ${name}`)
}

/** A record's place in its batch, from 0. */
export function placeIn(input: Input): string {
  return `(rowid - (SELECT min(rowid) FROM ${input.table}))`
}

/** Keeps an operator's types together, and its config inferred from its schema. */
export function defineOperator<Config>(operator: Operator<Config>): Operator<Config> {
  return operator
}
