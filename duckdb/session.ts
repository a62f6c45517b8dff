/** The contract of a DuckDB session; open-session.ts keeps it. */
import type { Schema } from '../core/record/schema.js'

export interface SessionOptions {
  /** The only folder that this session may read or write, besides nothing. Removed with the session by its owner. */
  readonly folder: string
  readonly memoryLimitBytes: number
  readonly threads: number
}

/**
 * One locked-down DuckDB instance: no network, no files outside its folder, settings locked (DESIGN section 6).
 * Every method rejects with a JobError; `interrupt` makes running queries reject with code `cancelled`.
 */
export interface Session {
  readonly folder: string
  /** Runs statements of ours; never text of a user that has not passed the allow-list. */
  run(sql: string): Promise<void>
  /** Rows as arrays of JavaScript values: 64-bit integers as bigint, decimals and times as text. For small answers only. */
  rows(sql: string): Promise<unknown[][]>
  /** The single number that a query answers. */
  count(sql: string): Promise<number>
  /** Output columns of a SELECT, by binding it. */
  describe(select: string): Promise<Schema>
  /**
   * Appends columns (one array per column of the table) to an existing table, given by its name, quoted or bare.
   * Numbers, bigints, booleans, bytes and text as JavaScript has them; every type also takes its text form, exactly.
   */
  append(table: string, columns: readonly (readonly unknown[])[]): Promise<void>
  /** A second connection to the same instance, for work side by side. Closing it leaves the session open. */
  connect(): Promise<Session>
  interrupt(): void
  close(): void
}
