/** Checkpoint and exchange store. Objects are immutable: written once, whole, under a key like `lineage/…/state.parquet`. */
export interface ObjectStore {
  /** For people and `etl_checkpoint.checkpoint_path`. */
  readonly url: string
  /** Copies a local file in; durable when it resolves. Writing the same key again with other content is the caller's bug. */
  put(key: string, file: string): Promise<{ readonly sizeBytes: number }>
  /** Creates `key` only if there is none; false if there was one. */
  putIfAbsent(key: string, file: string): Promise<boolean>
  /** Makes the object readable as a local file inside `folder`, by link where possible; answers its path. */
  fetch(key: string, folder: string): Promise<string>
  putText(key: string, text: string): Promise<void>
  /** null: no such object. */
  text(key: string): Promise<string | null>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly sizeBytes: number; readonly modifiedMs: number }>
  remove(key: string): Promise<void>
}
