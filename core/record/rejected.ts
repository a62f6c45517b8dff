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

/** What it takes to read a record again from its text. */
export interface RecordForm {
  /** TEXT: as the source holds it. JSON: an object, with a key for each column. CUT: too long, only its beginning is kept. */
  readonly kind: 'TEXT' | 'JSON' | 'CUT'
  /** Of TEXT: the header line that says what its fields are. */
  readonly header?: string
}

/** A record that could not be parsed, cast, evaluated or written (`onBadRecord` decides what becomes of it). */
export interface Rejected {
  /** The node at which it failed. */
  readonly nodeId: string
  /** As the source gave it: the raw line, or the record as JSON text. */
  readonly original: string
  /** The node whose output `original` is, or the source that could not read it; absent: that is not known. */
  readonly of?: string
  /** Absent: JSON. */
  readonly form?: RecordForm
  readonly place: Place
  readonly code: string
  /**
   * In the words of DuckDB or of the target, which name the value. Of many bad records in one batch, an operator gives
   * the first hundred in these words, and of the others only which expression could not be computed.
   */
  readonly message: string
}
