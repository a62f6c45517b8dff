import type { Connector, ConnectorContext } from '../connectors/spi.js'
import type { Operator } from '../operators/operator.js'
import type { ObjectStore } from '../storage/store.js'

/** What the engine is handed: it knows connectors, operators and the store only by their contracts. */
export interface EngineParts {
  readonly connectors: readonly Connector[]
  readonly operators: readonly Operator[]
  readonly store: ObjectStore
  /** Decrypted connection by name; throws `not.found`. Names resolve in the worker only. */
  readonly connection: (name: string) => Promise<Readonly<Record<string, unknown>>>
  /** `${secret:NAME}`; throws `not.found`. */
  readonly secret: (name: string) => Promise<string>
  /** `${env:ETL_VAR_NAME}`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly files: Omit<ConnectorContext, 'signal'>
  /** Parent of the folders of sessions; local and fast. */
  readonly scratch: string
  readonly memoryLimitBytes: number
  readonly threads: number
}
