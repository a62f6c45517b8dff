import type { ConnectionKind, Connector, SinkKind, SourceKind } from '../spi.js'

/**
 * What a module of somebody else exports: a connector whose configs are described by JSON Schema, so that it needs nothing
 * of ours. `secret: true` beside a text keeps it encrypted and unseen; `sql: 'CONDITION'` (VALUE, AGGREGATE, QUERY, FOREIGN)
 * makes it an expression that is checked.
 */
export interface CustomConnector<SourceConfig = unknown, SinkConfig = unknown, Connection = unknown>
  extends Pick<Connector, 'name' | 'summary'> {
  /** Of the connector: what was tried is what runs. */
  readonly version: string
  readonly connection?: Described<ConnectionKind<Connection>>
  readonly source?: Described<SourceKind<SourceConfig, Connection>>
  readonly sink?: Described<SinkKind<SinkConfig, Connection>>
}

export type JsonSchema = Readonly<Record<string, unknown>>

type Described<Kind> = Omit<Kind, 'config'> & { readonly config: JsonSchema }

/** JSON Schemas of a connector's configs; null: it has not got the side. */
export interface ConfigSchemaSet {
  readonly connection: JsonSchema | null
  readonly source: JsonSchema | null
  readonly sink: JsonSchema | null
}

/** What is known of a custom connector without its code. */
export interface CustomFacts {
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly schemas: ConfigSchemaSet
  readonly guarantees: { readonly source: Guarantees | null; readonly sink: Guarantees | null }
}

export type Guarantees = Readonly<Record<string, boolean>>
