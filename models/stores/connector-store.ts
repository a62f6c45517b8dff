/** Connectors that jobs may name: those of this version, and custom ones that an ADMIN has registered. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'
import type { ConnectorRow, ConnectorType } from '../tables/connectors.js'

export interface ConnectorRecord {
  readonly name: string
  readonly type: ConnectorType
  /** `module#export` */
  readonly class: string
  /** As it says itself. */
  readonly connectorVersion: string | null
  readonly description: string | null
  readonly supportsSource: boolean
  readonly supportsSink: boolean
  /** JSON Schemas by side, `guarantees` beside them. */
  readonly configSchema: Readonly<Record<string, unknown>>
  readonly isBuiltin: boolean
}

export interface StoredConnector extends ConnectorRecord {
  readonly isEnabled: boolean
  /** Of the row, for optimistic locking. */
  readonly version: number
}

type JsonSchema = Readonly<Record<string, unknown>>

export type ConnectorStore = ReturnType<typeof connectorStore>

export function connectorStore(database: Database) {
  const { connector } = database.tables
  const lookUp = async (name: string): Promise<StoredConnector | null> => {
    const row = await connector.findOne({ where: { connectorName: name } })
    return row === null ? null : storedConnector(row.get())
  }
  const get = async (name: string): Promise<StoredConnector> => {
    const found = await lookUp(name)
    if (found !== null) return found
    throw new JobError('not.found', `There is no connector ${name}.`)
  }
  return {
    get,
    lookUp,
    /** A custom one, as it was tried; null: there is none of this name. */
    registered: async (name: string) => {
      const found = await lookUp(name)
      if (found === null || found.isBuiltin) return null
      const { class: connectorClass, connectorVersion, configSchema, isEnabled } = found
      const {
        connection = null,
        source = null,
        sink = null,
      } = configSchema as Partial<Record<string, JsonSchema | null>>
      return {
        class: connectorClass,
        tried: { version: connectorVersion ?? '', schemas: { connection, source, sink } },
        isEnabled,
      }
    },
    list: async (): Promise<readonly StoredConnector[]> => {
      const rows = await connector.findAll({ order: [['connectorName', 'ASC']] })
      return rows.map((row) => storedConnector(row.get()))
    },
    create: async (record: ConnectorRecord, isEnabled: boolean): Promise<StoredConnector> => {
      try {
        await connector.create({ connectorId: randomUUID(), ...columnsOf(record), isEnabled })
      } catch (error) {
        if (!isDuplicate(error)) throw error
        throw new JobError('conflict', `There is a connector ${record.name} already`, {
          hint: `A new version of it is tried by: etl connectors enable ${record.name}`,
        })
      }
      return await get(record.name)
    },
    update: async (record: ConnectorRecord, isEnabled: boolean, version: number): Promise<StoredConnector> => {
      const row = { ...columnsOf(record), isEnabled, version: version + 1 }
      const [changed] = await connector.update(row, { where: { connectorName: record.name, version } })
      if (changed > 0) return await get(record.name)
      const { version: now } = await get(record.name)
      throw new JobError('conflict', `The connector was changed in the meantime; its version is ${now}`)
    },
    /** While a job or a connection names it, it stays. */
    remove: async (name: string): Promise<void> => {
      const { isBuiltin } = await get(name)
      if (isBuiltin) throw new JobError('conflict', `The connector ${name} is part of this version`)
      const users = await usersOf(database, name)
      if (users.length > 0)
        throw new JobError('conflict', `The connector ${name} is used by ${users.slice(0, 5).join(', ')}`, {
          hint: 'Delete these first, or disable the connector.',
        })
      await connector.destroy({ where: { connectorName: name } })
    },
  }
}

async function usersOf(database: Database, name: string): Promise<string[]> {
  const rows = await database.query<{ user: string }>(
    `SELECT DISTINCT CONCAT('job ', job.job_name) AS user
       FROM etl_graph_node node JOIN etl_job job ON job.job_id = node.job_id
      WHERE job.is_deleted = 0 AND node.connector_name = :name
      UNION SELECT CONCAT('connection ', config_name) FROM etl_connector_config WHERE connector_name = :name`,
    { name },
  )
  return rows.map(({ user }) => user).sort()
}

/** Makes the table say what this version offers; a name that is there already keeps its id. */
export async function seedConnectors(db: Database, connectors: readonly ConnectorRecord[]): Promise<void> {
  for (const connector of connectors) await upsert(db, connector)
}

async function upsert(db: Database, connector: ConnectorRecord): Promise<void> {
  await db.execute(
    `INSERT INTO etl_connector
       (connector_id, connector_name, connector_type, connector_class, connector_version, description,
        support_source, support_sink, config_schema, is_builtin)
     VALUES (:connectorId, :name, :type, :class, :connectorVersion, :description, :supportsSource, :supportsSink, :schema,
        :isBuiltin)
     ON DUPLICATE KEY UPDATE
       connector_type = VALUES(connector_type), connector_class = VALUES(connector_class),
       connector_version = VALUES(connector_version), description = VALUES(description),
       support_source = VALUES(support_source), support_sink = VALUES(support_sink),
       config_schema = VALUES(config_schema), is_builtin = VALUES(is_builtin)`,
    { ...connector, connectorId: randomUUID(), schema: JSON.stringify(connector.configSchema) },
  )
}

function columnsOf(record: ConnectorRecord) {
  return {
    connectorName: record.name,
    connectorType: record.type,
    connectorClass: record.class,
    connectorVersion: record.connectorVersion,
    description: record.description,
    supportSource: record.supportsSource,
    supportSink: record.supportsSink,
    configSchema: record.configSchema,
    isBuiltin: record.isBuiltin,
  }
}

function storedConnector(row: ConnectorRow): StoredConnector {
  return {
    name: row.connectorName,
    type: row.connectorType,
    class: row.connectorClass,
    connectorVersion: row.connectorVersion,
    description: row.description,
    supportsSource: row.supportSource,
    supportsSink: row.supportSink,
    configSchema: row.configSchema,
    isBuiltin: row.isBuiltin,
    isEnabled: row.isEnabled,
    version: row.version,
  }
}
