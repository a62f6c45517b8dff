/** One thing wrong with a spec. All of them are reported at once. */
export interface Problem {
  /** JSON pointer of the field: /nodes/2/config/where. */
  readonly pointer: string
  readonly nodeId: string | null
  readonly code: string
  readonly message: string
  readonly hint: string | null
}
