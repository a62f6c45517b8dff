/** Where a record stood in its source: what a person needs to find it again. */
export interface Place {
  readonly file?: string
  /** 1-based line of the record's first character. */
  readonly line?: number
  /** 0-based offset of the record's first byte. */
  readonly byte?: number
  /** 0-based number of the record within its split. */
  readonly record?: number
  readonly table?: string
  readonly key?: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
}

/** A record that could not be parsed, cast, evaluated or written (`onBadRecord` decides what becomes of it). */
export interface Rejected {
  /** The node at which it failed. */
  readonly nodeId: string
  /** As the source gave it: the raw line, or the record as JSON text. */
  readonly original: string
  readonly place: Place
  readonly code: string
  /**
   * In the words of DuckDB or of the target, which name the value. Of many bad records in one batch, an operator gives
   * the first hundred in these words, and of the others only which expression could not be computed.
   */
  readonly message: string
}
