import type { ConfigSchema } from '../core/config/schema.js'
import type { Problem } from '../core/errors/problem.js'
import type { Fence } from '../core/execution/fence.js'
import type { Budget, Position, Split } from '../core/execution/plan.js'
import type { Place, RecordForm, Rejected } from '../core/record/rejected.js'
import type { Schema } from '../core/record/schema.js'
import type { Session } from '../duckdb/session.js'

/** What an outside system offers. One folder each; `file/` is the example to copy. */
export interface Connector<SourceConfig = unknown, SinkConfig = unknown, Connection = unknown> {
  readonly name: string
  readonly summary: string
  /** What several nodes share (address, user, password); absent where there is nothing to share. */
  readonly connection?: ConnectionKind<Connection>
  readonly source?: SourceKind<SourceConfig, Connection>
  readonly sink?: SinkKind<SinkConfig, Connection>
}

export interface ConnectionKind<Connection> {
  readonly config: ConfigSchema<Connection>
  /** Can it be reached, and is the user let in? Throws `connection.refused` or `connection.denied`. */
  check(connection: Connection, ctx: ConnectorContext): Promise<string>
  /** What its sources can read and its sinks can write, by name; absent: nothing can be listed. */
  discover?(connection: Connection, ctx: ConnectorContext): Promise<readonly Discovered[]>
}

/** A table, a topic, …; `name` is what a config calls it. */
export interface Discovered {
  readonly name: string
  readonly kind: 'TABLE' | 'VIEW' | 'TOPIC' | 'RESOURCE'
  /** null: it does not say what it holds. */
  readonly columns: Schema | null
}

export interface SourceKind<Config, Connection> {
  readonly config: ConfigSchema<Config>
  readonly guarantees: { readonly replayable: boolean; readonly parallel: boolean }
  /** Its batches name the logical partition of their records; absent: the source is one. */
  readonly partitions?: true
  /** Its batches have a `view`, as a rule: reading them is work for whoever reads the view. */
  readonly givesViews?: (config: Config) => boolean
  /** STREAMING: with this config there is always more to come; absent: its input ends. */
  readonly endless?: (config: Config) => boolean
  open(config: Config, connection: Connection | null, ctx: ConnectorContext): Source
}

export interface SinkKind<Config, Connection> {
  readonly config: ConfigSchema<Config>
  readonly guarantees: { readonly exactlyOnce: boolean; readonly upsert: boolean; readonly parallel: boolean }
  /** It may have `stageQuery`. */
  readonly takesQueries?: true
  /** At the end what was in the target goes, and what was written takes its place; absent: never. */
  readonly replaces?: (config: Config) => boolean
  /** Records that agree in these columns come to the same subtask, in source order; absent or null: any will do. */
  readonly key?: (config: Config) => readonly string[] | null
  open(config: Config, connection: Connection | null, ctx: ConnectorContext): Sink
}

/** What the caller lends a connector. Secrets and parameters in configs are resolved before. */
export interface ConnectorContext {
  /** Folders that file paths may touch; null: anything its user may touch (`etl run`). Relative paths start from `base`. */
  readonly fileRoots: readonly string[] | null
  readonly base: string
  /** Hosts and ranges that requests may go to besides public ones; null: any (`etl run`); absent: none. */
  readonly privateHosts?: readonly string[] | null
  readonly signal: AbortSignal
  /** What the job asks of its sources and sinks; absent where no job is at hand. */
  readonly job?: {
    readonly mode: 'BATCH' | 'STREAMING'
    readonly delivery: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE'
  }
}

/** A dead letter of this source. */
export interface OriginalRecord {
  readonly text: string
  readonly form: RecordForm
  readonly place: Place
}

export interface Source {
  /** Declared or inferred columns. Throws `source.missing`, `source.unreadable`. */
  schema(): Promise<Schema>
  /**
   * Fixes the input of the next epoch, for `parallelism` subtasks. Called once per epoch; its answer is stored before
   * anything is read. `from` is null before the first record. Cheap: no reading ahead. `whole`: what the epoch reads of a
   * logical partition goes to one subtask.
   */
  plan(from: Position | null, budget: Budget, parallelism: number, whole?: boolean): Promise<SourcePlan>
  /**
   * Until there may be input after `from`, or the context's signal is aborted; a wrong guess costs a plan. Writes nothing
   * and keeps nothing open that others who wait for the same could share. Absent: a plan is tried each second.
   */
  awaitInput?(from: Position | null): Promise<void>
  /**
   * Reads one split in bounded batches, in source order: the same split gives the same records. Returns where it ended.
   * `schema` is what `schema()` told when the job was compiled: nothing is inferred anew while it runs (I9).
   */
  read(split: Split, schema: Schema, session: Session, capture: Capture): AsyncGenerator<SourceBatch, Reached, void>
  /**
   * Reads records of `TEXT` once more, as they stood in the source or as a person has corrected them: exactly one record
   * each. `place` of a batch, and of what it rejects, gives only the number of the record, as `record`.
   */
  again?(records: readonly OriginalRecord[], schema: Schema, session: Session): AsyncGenerator<SourceBatch, void, void>
}

export interface SourcePlan {
  readonly splits: readonly (readonly Split[])[]
  /** null: known only when read, see Reached. */
  readonly to: Position | null
  readonly end: boolean
}

export interface Reached {
  readonly position: Position
  readonly end: boolean
  /** Logical partitions that this split has read to their end: nothing of them will ever follow. */
  readonly ended?: readonly string[]
}

/** It is materialised and released before the next one is asked for, unless it has a `view`; places are asked for later, too. */
export interface SourceBatch {
  /** SELECT that gives the batch in source order: a scan of a file in the session's folder, or of a table appended to it. */
  readonly select: string
  /**
   * `select` with `rowid`, from 0, as a column: where no record of it can be bad, and reading it more than once, and only
   * some of its columns, costs less than a copy. Then it may be released after the next ones are asked for, in order.
   */
  readonly view?: string
  /** How many records the source knows the batch to hold, bad ones included; null: it cannot know. None is lost in silence (I8). */
  readonly records: number | null
  /** What these records took in the source, unpacked; absent: it cannot be told. */
  readonly bytes?: number
  /** The logical partition (a file, …) that all its records are of; absent: the source is one. */
  readonly partition?: string
  /**
   * Asked only when `select` fails because of some records, or gives another number of them: a SELECT over the good ones, and the bad ones.
   * Throws the first bad record's error where the source cannot tell them apart.
   */
  isolate(): Promise<{ readonly select: string; readonly rejected: readonly Omit<Rejected, 'nodeId'>[] }>
  /** Where record `index` of `select` (0-based) stands in the source. */
  place(index: number): Place
  /** Frees what the batch holds; called once nobody reads it any more. */
  release(): Promise<void>
}

/**
 * Records of a source that cannot be read twice alike are captured before first use (DESIGN, Sources): created if
 * absent, and a loser of the race reads the winner's. `null` path: not captured yet.
 */
export interface Capture {
  /** Local path of a Parquet file captured earlier for this (lineage, epoch, split), or null. */
  existing(name: string): Promise<string | null>
  /** Stores a Parquet file of the session's folder; answers the local path of the one that won. */
  keep(name: string, file: string): Promise<string>
}

/** Who writes: one subtask of one sink of one lineage. */
export interface SinkKey {
  readonly lineageId: string
  readonly sinkUid: string
  readonly subtask: number
}

export interface Sink {
  /** Compares the target with what will be written; without a target, says nothing. At submission. */
  check(input: Schema): Promise<readonly Problem[]>
  /** All DDL, and the progress row of each key, which only this creates. Idempotent; a generation's first act. */
  prepare(keys: readonly SinkKey[], input: Schema, fence: Fence): Promise<void>
  /** Takes the fence (I2), ends older writers, and says which epoch is already visible. Throws `fenced`. */
  open(key: SinkKey, fence: Fence, input: Schema): Promise<OpenSink>
  /** What is done once at the end: publishing, the swap of REPLACE, `replaceWhere`. Idempotent. */
  finish(keys: readonly SinkKey[], fence: Fence): Promise<void>
}

export interface OpenSink {
  /** The mark of the newest epoch that is visible, or null. */
  readonly committed: Mark | null
  /** `LOAD DATA`, `INSERT`, `PARQUET`: how it writes, for people. */
  readonly method: string
  /** Written or sent so far; absent: it cannot be told. */
  bytes?(): number
  /** One batch, a table of the session in source order; what the target refuses comes back; nothing is visible yet. */
  append(batch: SinkBatch, session: Session): Promise<readonly RejectedRow[]>
  /**
   * Writes what a SELECT gives aside, while other batches may be under way: it becomes the next batch by `append`, or else
   * nothing stays of it. Both throw `record.bad` where something in it cannot be computed or is refused; then it comes
   * again as a table.
   */
  stageQuery?(query: SinkQuery, session: Session): Promise<StagedBatch>
  /** Data and mark become visible together, or neither does. */
  commit(mark: Mark): Promise<void>
  /** Without commit: nothing of it becomes visible. May be called twice. */
  close(): Promise<void>
}

export interface SinkBatch {
  /** Quoted identifier of a materialised table. */
  readonly table: string
  readonly schema: Schema
  readonly records: number
}

export interface SinkQuery {
  readonly select: string
  readonly schema: Schema
}

export interface StagedBatch {
  readonly records: number
  append(): Promise<void>
}

/** A record that the target refused: `rowid` of the batch's table. */
export interface RejectedRow {
  readonly rowid: number
  readonly code: string
  readonly message: string
}

/** Proof that an epoch is visible, kept in the target in the same transaction as the data. */
export interface Mark {
  readonly epoch: number
  readonly written: number
  /** Store reference of the rejects of this epoch, which must be found again by whoever skips it. */
  readonly rejects: string | null
  /** Counters of the whole vertex as JSON, for a run that finds the epoch marked. */
  readonly counters: string
}

export function defineConnector<S, K, C>(connector: Connector<S, K, C>): Connector<S, K, C> {
  return connector
}
