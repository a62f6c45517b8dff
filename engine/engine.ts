import type { Connector, ConnectorContext, OriginalRecord } from '../connectors/spi.js'
import type { Functions } from '../functions/spi.js'
import type { Operator } from '../operators/operator.js'
import type { ObjectStore } from '../storage/store.js'

/** What the engine is handed: it knows connectors, operators and the store only by their contracts. */
export interface EngineParts {
  readonly connectors: readonly Connector[]
  /** Custom ones are in `connectors` once they were asked for. Throws `connector.unavailable`. Absent: there are none. */
  readonly needConnectors?: (names: readonly string[]) => Promise<void>
  readonly operators: readonly Operator[]
  readonly functions: Functions
  readonly store: ObjectStore
  /** Decrypted connection by name; throws `not.found`. Names resolve in the worker only. */
  readonly connection: (name: string) => Promise<Readonly<Record<string, unknown>>>
  /** `${secret:NAME}`; throws `not.found`. */
  readonly secret: (name: string) => Promise<string>
  /**
   * A node's config with the secrets that the catalogue keeps encrypted in clear; called when the node is opened, and by
   * nobody else. Absent where nothing is encrypted (`etl run`, a spec that is checked before it is saved).
   */
  readonly reveal?: (node: EncryptedNode) => Promise<Readonly<Record<string, unknown>>>
  /** What a replay gives, by its id: always the same records in the same order. Absent where none are kept (`etl run`). */
  readonly deadLetters?: (replayId: string) => Promise<readonly OriginalRecord[]>
  /** `${env:ETL_VAR_NAME}`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly files: Omit<ConnectorContext, 'signal' | 'job'>
  /** Parent of the folders of sessions; local and fast. */
  readonly scratch: string
  readonly memoryLimitBytes: number
  readonly threads: number
}

/** Whose config it is: ciphertexts are bound to it. */
export interface EncryptedNode {
  readonly executionId: string
  readonly nodeId: string
  readonly config: Readonly<Record<string, unknown>>
}
