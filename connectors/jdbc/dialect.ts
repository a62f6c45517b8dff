/** What differs between databases: how they are asked, and how they are written into. One folder each. */
import type { JobError } from '../../core/errors/job-error.js'
import type { Column, Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { Discovered, Mark, OpenSink, SinkKey } from '../spi.js'
import type { JdbcConnection, JdbcSinkConfig } from './config.js'
import type { ReadColumn } from './relation.js'
import type { Target, TargetColumn, WrittenColumn } from './target.js'

export type Row = Readonly<Record<string, unknown>>

/** An open connection, in UTC. */
export interface Db {
  /** `?` stands for a value. Integers of 64 bits, decimals and times come as text. */
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** How many rows it touched. */
  execute(sql: string, values?: readonly unknown[]): Promise<number>
  /** Bytes that the server was sent over this connection; absent: there is no server. */
  sent?(): number
  /** In good order. */
  end(): Promise<void>
  /** At once: what was begun comes to nothing. */
  destroy(): void
}

export interface Dialect<D extends Db = Db> {
  /** Throws `connection.refused`, `connection.denied`, `source.missing`. */
  open(access: JdbcConnection): Promise<D>
  /** `host:port`, for people. */
  placeOf(access: JdbcConnection): string
  /** Who is asked, and as whom: one row with `version` and `user`. */
  readonly greeting: string
  /** For people: no statement, no password. */
  fault(error: unknown, what: string): JobError
  /** The server is gone, or has ended this connection. */
  isLost(error: unknown): boolean
  /** Another transaction is in the way: it may go well when it is tried again. */
  isLocked(error: unknown): boolean
  /** Starts a transaction that writes. */
  readonly begin: string
  /** An identifier that can hold anything, quoted. */
  name(identifier: string): string
  discover(db: D): Promise<readonly Discovered[]>
  readonly reading: Reading<D>
  readonly writing: Writing<D>
}

export interface Reading<D extends Db = Db> {
  /** Columns of a table or of a query in parentheses, as the result describes itself. */
  describe(db: D, from: string): Promise<readonly ReadColumn[]>
  primaryKey(db: D, table: string): Promise<readonly string[]>
  /** A primary key may hold NULL all the same. */
  readonly nullableKeys?: true
  /** A value as text that `literal` takes; `column` is quoted. */
  asText(column: ReadColumn): string
  literal(column: ReadColumn, value: string): string
  /** A condition: what is younger is left out. */
  settled(column: ReadColumn, lagMs: number): string
  /**
   * The rows of a query as a Parquet file in the session's folder, columns c0, c1, … in the order of the query: text as
   * the database wrote it, or of their types where all are; bytes as bytes.
   */
  capture(db: D, sql: string, columns: readonly ReadColumn[], session: Session): Promise<string>
}

export interface Writing<D extends Db = Db> {
  /** null: there is no such table. */
  readTarget(db: D, table: string): Promise<Target | null>
  createTable(db: D, config: JdbcSinkConfig, input: Schema): Promise<void>
  addColumns(db: D, table: string, columns: readonly Column[]): Promise<void>
  /** Is there a primary key or unique index on exactly these columns? */
  hasUniqueKey(db: D, table: string, key: readonly string[]): Promise<boolean>
  /** Quoted, with its schema or database. */
  quoted(db: D, table: string): Promise<string>
  /** Why a new column may not be called so; null: it may. */
  faultOfName(name: string): string | null
  /** Can the column hold values of a DuckDB type, as far as the types say? */
  fits(type: string, column: TargetColumn): boolean
  /** Why values of a DuckDB type cannot be written exactly; null: they can. */
  faultOfType(type: string): string | null
  readonly progress: ProgressSql<D>
  /** What REPLACE would lose of the table, which is then `sink.unsupported`; absent: nothing. */
  checkReplace?(db: D, table: string): Promise<void>
  makeShadow(dialect: Dialect, db: D, shadow: Shadow): Promise<void>
  /** What was written becomes visible, once and again; marks each key as finished. */
  publish(dialect: Dialect, db: D, shadow: Shadow, where: string | null): Promise<void>
  openSink(dialect: Dialect, writer: Writer<D>): Promise<OpenSink>
}

/** Where REPLACE and `replaceWhere` collect what becomes visible at the end. Quoted. */
export interface Shadow {
  readonly config: JdbcSinkConfig
  readonly keys: readonly SinkKey[]
  readonly target: string
  /** As a config would call it; then as `target` is written. */
  readonly name: string
  readonly table: string
}

/** What the protocol of progress rows needs besides plain SQL. */
export interface ProgressSql<D extends Db = Db> {
  readonly createTable: string
  /** With the three values of a key; does nothing where the row is there. */
  readonly insertRow: string
  /** After a SELECT: the row stays locked until the transaction ends. */
  readonly forUpdate: string
  /** How long a statement of this connection waits for a lock. */
  lockWait(seconds: number): string
  /** Takes an advisory lock for the life of the connection; false: another connection holds it. */
  tryLock(db: D, name: string, waitSeconds: number): Promise<boolean>
  /** Ends the connection that holds it, if there is one. */
  endHolder(db: D, name: string): Promise<void>
  /** Nothing was ever prepared in this database. */
  isMissing(error: unknown): boolean
}

/** A writer that has the fence. */
export interface Writer<D extends Db = Db> {
  readonly config: JdbcSinkConfig
  readonly access: JdbcConnection
  /** Holds the advisory lock of the key as long as it lives. */
  readonly db: D
  readonly key: SinkKey
  readonly token: string
  readonly into: Destination
  readonly committed: Mark | null
}

/** Where rows go: quoted, with the columns that are written; `order` takes each record's place in the batch. */
export interface Destination {
  readonly table: string
  readonly columns: readonly WrittenColumn[]
  readonly order: string | null
}
