/** Where reading a table stands, as plain JSON. Values are text in the database's own spelling. */
export type JdbcPosition =
  /** Pages by key: after `after`, up to `upper`, which was looked up once (null: as far as there is). */
  | {
      readonly kind: 'PAGES'
      readonly after: readonly string[] | null
      readonly upper: string | null
      readonly end: boolean
    }
  /** Key ranges for several subtasks: the next key, the last, and how many records a key stands for. */
  | { readonly kind: 'RANGES'; readonly next: string; readonly last: string; readonly density: number }
  /** By a column that grows: everything up to `upto` was read. */
  | { readonly kind: 'INCREMENTAL'; readonly upto: string | null }
  | { readonly kind: 'WHOLE'; readonly end: boolean }

/** What one subtask reads in one epoch. */
export type JdbcSplit =
  | {
      readonly kind: 'PAGE'
      readonly after: readonly string[] | null
      readonly upper: string | null
      readonly limit: number
    }
  | { readonly kind: 'RANGE'; readonly from: string; readonly to: string }
  | { readonly kind: 'SINCE'; readonly after: string | null; readonly upto: string | null }
  | { readonly kind: 'WHOLE' }
