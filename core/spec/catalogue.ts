/** What can stand in a spec: told by whoever knows the connectors and operators, so that core need not. */
export interface Catalogue {
  readonly connectors: readonly KnownConnector[]
  readonly operators: readonly KnownOperator[]
}

export interface KnownConnector {
  readonly name: string
  readonly source: boolean
  readonly sink: boolean
  /** As a source with this config, as it is written, it has no end in STREAMING. Absent: it always has. */
  readonly endless?: (config: Readonly<Record<string, unknown>>) => boolean
}

export interface KnownOperator {
  readonly type: string
  readonly ports: readonly KnownPort[] | 'MANY'
  readonly modes: readonly JobType[]
  /** Has a second output, `id.late`. */
  readonly late: boolean
}

export type JobType = 'BATCH' | 'STREAMING'

export interface KnownPort {
  readonly name: string
  /** It may depend on the config as it is written, and on the job's type. */
  readonly blocking?: boolean | ((config: Readonly<Record<string, unknown>>, mode: JobType) => boolean)
}
