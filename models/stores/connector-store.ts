/** Connectors that jobs may name. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import type { ConnectorRow, ConnectorType } from '../tables/connectors.js'

export interface ConnectorRecord {
  readonly name: string
  readonly type: ConnectorType
  /** `module#export` */
  readonly class: string
  readonly description: string | null
  readonly supportsSource: boolean
  readonly supportsSink: boolean
  /** JSON Schema. */
  readonly configSchema: Readonly<Record<string, unknown>>
  readonly isBuiltin: boolean
}

export interface ConnectorStore {
  list(): Promise<readonly ConnectorRecord[]>
  get(name: string): Promise<ConnectorRecord>
}

export function connectorStore(db: Database): ConnectorStore {
  return {
    list: async () => {
      const rows = await db.tables.connector.findAll({ where: { isEnabled: true }, order: [['connectorName', 'ASC']] })
      return rows.map((row) => connectorRecord(row.get()))
    },
    get: async (name) => {
      const row = await db.tables.connector.findOne({ where: { connectorName: name, isEnabled: true } })
      if (row === null) throw new JobError('not.found', `There is no connector ${name}.`)
      return connectorRecord(row.get())
    },
  }
}

/** Makes the table say what this version offers; a name that is there already keeps its id. */
export async function seedConnectors(db: Database, connectors: readonly ConnectorRecord[]): Promise<void> {
  for (const connector of connectors) await upsert(db, connector)
}

async function upsert(db: Database, connector: ConnectorRecord): Promise<void> {
  await db.execute(
    `INSERT INTO etl_connector
       (connector_id, connector_name, connector_type, connector_class, description,
        support_source, support_sink, config_schema, is_builtin)
     VALUES (:connectorId, :name, :type, :class, :description, :supportsSource, :supportsSink, :schema, :isBuiltin)
     ON DUPLICATE KEY UPDATE
       connector_type = VALUES(connector_type), connector_class = VALUES(connector_class),
       description = VALUES(description), support_source = VALUES(support_source), support_sink = VALUES(support_sink),
       config_schema = VALUES(config_schema), is_builtin = VALUES(is_builtin)`,
    { ...connector, connectorId: randomUUID(), schema: JSON.stringify(connector.configSchema) },
  )
}

function connectorRecord(row: ConnectorRow): ConnectorRecord {
  return {
    name: row.connectorName,
    type: row.connectorType,
    class: row.connectorClass,
    description: row.description,
    supportsSource: row.supportSource,
    supportsSink: row.supportSink,
    configSchema: row.configSchema,
    isBuiltin: row.isBuiltin,
  }
}
