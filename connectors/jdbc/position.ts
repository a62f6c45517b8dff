/** Where reading a table stands, as plain JSON. Values are text in the database's own spelling. */
export type JdbcPosition =
  /** By key: everything up to `after` was read; `upper` is the last key that there was when reading began. */
  | { readonly kind: 'KEYS'; readonly after: Key | null; readonly upper: Key | null; readonly end: boolean }
  | { readonly kind: 'WHOLE'; readonly end: boolean }

/** One value for each column of the key. */
export type Key = readonly string[]

/** Rows whose keys come after one and not after the other. */
export interface Range {
  readonly after: Key | null
  readonly upto: Key
}

/** What one subtask reads in one epoch. */
export type JdbcSplit =
  /** As many rows as `limit` says: where it ends is known when it was read. */
  | { readonly kind: 'PAGE'; readonly after: Key | null; readonly upper: Key; readonly limit: number }
  /** Side by side. */
  | { readonly kind: 'RANGES'; readonly ranges: readonly Range[] }
  | { readonly kind: 'WHOLE' }
