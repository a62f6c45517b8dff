/** Functions that people have written: what the engine asks of whoever runs them, each in a process of its own. */
export interface Functions {
  /** Throws `config.invalid` with a pointer within the config of FUNCTION where there is no such function. */
  check(reference: FunctionReference, signal: AbortSignal): Promise<void>
  /** Begun when it is first called. */
  open(reference: FunctionReference): FunctionProcess
}

export interface FunctionReference {
  /** Below the function path, with or without its extension. */
  readonly module: string
  readonly export: string
  /** Given to the function as it is. */
  readonly config: unknown
}

/** One function, kept warm. One call at a time; what has ended by itself begins anew at the next call. */
export interface FunctionProcess {
  /** Throws `function.timeout`, `function.invalid`, or `cancelled` after `interrupt`. */
  call(batch: FunctionBatch): Promise<FunctionAnswer>
  /** For good, soon, whatever it is doing. */
  interrupt(): void
  /** Resolves once nothing of it is left. */
  end(): Promise<void>
}

export interface FunctionBatch {
  readonly names: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly results: readonly ResultColumn[]
  /** The plan's time, ISO 8601 (I9). */
  readonly at: string
  readonly timeoutMs: number
}

export interface ResultColumn {
  readonly name: string
  /** As the database spells it, for messages. */
  readonly type: string
  readonly kind: ResultKind
}

/** What JavaScript gives for a type. LONG: in 64 bits. LIST, OBJECT, MAP: handed over as JSON. */
export type ResultKind =
  | 'BOOLEAN'
  | 'LONG'
  | 'HUGE'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'TEXT'
  | 'TIME'
  | 'BYTES'
  | 'LIST'
  | 'OBJECT'
  | 'MAP'

export type FunctionAnswer =
  | { readonly kind: 'RESULT'; readonly records: number; readonly columns: readonly (readonly unknown[])[] }
  /** It threw, gave a value of another type, or ended its process: because of some of these records. */
  | { readonly kind: 'FAILED'; readonly message: string }
