/** What can stand in a spec: told by whoever knows the connectors and operators, so that core need not. */
export interface Catalogue {
  readonly connectors: readonly KnownConnector[]
  readonly operators: readonly KnownOperator[]
}

export interface KnownConnector {
  readonly name: string
  readonly source: boolean
  readonly sink: boolean
}

export interface KnownOperator {
  readonly type: string
  readonly ports: readonly KnownPort[] | 'MANY'
  readonly modes: readonly ('BATCH' | 'STREAMING')[]
  /** Has a second output, `id.late`. */
  readonly late: boolean
}

export interface KnownPort {
  readonly name: string
  readonly blocking?: boolean
}
