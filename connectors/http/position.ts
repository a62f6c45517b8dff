/** Where reading stands, as plain JSON. A round is everything from the first page to the last. */
export interface HttpPosition {
  /** What this round asks from; null: for everything. */
  readonly since: Newest | null
  /** The largest value that was read so far, in this round and before. */
  readonly newest: Newest | null
  /** The page that comes next; null: the round has ended. */
  readonly page: Page | null
  /** The page before: it says whether the server gives the same again and again. */
  readonly before: { readonly hash: string; readonly times: number } | null
  /** Milliseconds since 1970 at which the round has ended. */
  readonly endedAt: number | null
}

/** A value of the incremental column. */
export interface Newest {
  /** As JSON, in the server's own spelling. */
  readonly value: string
  /** Hashes of the records that have it: they are known again when they come again. */
  readonly seen: readonly string[]
}

/** Which page to ask for. A cursor is JSON; null is the first page. */
export type Page =
  | { readonly kind: 'NUMBER'; readonly value: number }
  | { readonly kind: 'CURSOR'; readonly cursor: string | null }
  | { readonly kind: 'LINK'; readonly url: string | null }

/** Pages of one epoch: from a position on, until they hold so much. */
export interface HttpSplit {
  readonly from: HttpPosition
  readonly records: number
  readonly bytes: number
}
