import { z } from 'zod'
import { secret } from '../../core/config/schema.js'
import { id, json, listOf, page, time, version } from '../http/schema.js'

export const connectorParams = z.strictObject({ name: id })
const side = z.object({ guarantees: z.record(z.string(), z.boolean()), config: json }).nullable()
const connectorFacts = {
  name: z.string(),
  type: z.enum(['FILE', 'JDBC', 'KAFKA', 'HTTP', 'CUSTOM']),
  summary: z.string(),
  class: z.string().describe('`module#export`'),
  connectorVersion: z.string().nullable().describe('As it says itself.'),
  isBuiltin: z.boolean().describe('false: somebody has registered it.'),
  isEnabled: z.boolean(),
  version: z.number().int(),
}
export const connector = z
  .object({
    ...connectorFacts,
    connection: json.nullable().describe('JSON Schema of its connections.'),
    source: side.describe('JSON Schema of its config as a source.'),
    sink: side.describe('JSON Schema of its config as a sink.'),
  })
  .meta({ id: 'Connector' })
export const connectorSummary = z
  .object({ ...connectorFacts, source: z.boolean(), sink: z.boolean(), connection: z.boolean() })
  .meta({ id: 'ConnectorSummary' })
export const connectorList = listOf(connectorSummary)
const connectorClass = z
  .string()
  .max(255)
  .describe('`module#export`: a file below ETL_CONNECTOR_PATH, or an installed package.')
export const customConnector = z.strictObject({
  class: connectorClass,
  enabled: z.boolean().default(true).describe('Jobs may name it from now on.'),
})
export const customChange = z.strictObject({
  version: version.optional(),
  class: connectorClass.optional(),
  enabled: z.boolean(),
})

export const operatorParams = z.strictObject({ type: id })
export const operator = z
  .object({
    type: z.string(),
    summary: z.string(),
    modes: z.array(z.string()),
    ports: z.array(z.string()).describe('Input ports; `*`: any number, named by the user.'),
    config: json.describe('JSON Schema.'),
  })
  .meta({ id: 'Operator' })
export const operatorList = listOf(operator)

export const connectionParams = z.strictObject({ connectionId: id })
export const connectionQuery = z.strictObject({
  ...page,
  name: z.string().max(128).optional(),
  connector: z.string().max(64).optional(),
})
const usage = z.enum(['SOURCE', 'SINK', 'BOTH'])
export const connection = z
  .object({
    connectionId: z.string(),
    name: z.string(),
    connector: z.string(),
    usage,
    description: z.string().nullable(),
    config: json.describe('Secrets are shown as ***.'),
    lastTest: z.object({ at: time, status: z.enum(['OK', 'FAILED']), message: z.string().nullable() }).nullable(),
    version: z.number().int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Connection' })
export const connectionList = listOf(connection)
export const connectionBody = z.strictObject({
  kind: z.literal('connection').optional(),
  version: version.optional(),
  name: z.string().trim().min(1).max(128),
  connector: z.string().min(1).max(64),
  usage: usage.default('BOTH'),
  description: z.string().max(2000).nullable().default(null),
  config: json.describe(
    'As the connector says; *** keeps a stored secret, unless the address that it goes to has changed.',
  ),
})
export const connectionTest = z
  .object({
    status: z.enum(['OK', 'FAILED']),
    message: z.string(),
    code: z.string().nullable(),
    hint: z.string().nullable(),
  })
  .meta({ id: 'ConnectionTest' })
export const discoveries = z
  .object({
    items: z.array(
      z.object({
        name: z.string().describe('What a config calls it.'),
        kind: z.enum(['TABLE', 'VIEW', 'TOPIC', 'RESOURCE']),
        columns: z
          .array(z.object({ name: z.string(), type: z.string() }))
          .nullable()
          .describe('null: it does not say what it holds.'),
      }),
    ),
  })
  .meta({ id: 'Discovered' })
export const connectionUsage = z
  .object({
    items: z.array(
      z.object({
        jobId: z.string(),
        jobName: z.string(),
        jobVersion: z.number().int(),
        isCurrent: z.boolean().describe('false: only executions of an older version of the job need it.'),
        nodes: z.array(z.object({ id: z.string(), type: z.enum(['SOURCE', 'SINK']) })),
        executionIds: z.array(z.string()).describe('Those that have not ended.'),
      }),
    ),
  })
  .meta({ id: 'ConnectionUsage' })

export const secretParams = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, 'letters, digits and _ . - only'),
})
export const secretQuery = z.strictObject(page)
export const secretRecord = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    version: z.number().int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Secret' })
export const secretList = listOf(secretRecord)
export const rotatedKeys = z
  .object({
    keyId: z.string().describe('The key that everything readable is encrypted with now: the first of ETL_SECRET_KEY.'),
    connections: z.number().int().describe('How many were written again.'),
    secrets: z.number().int(),
    jobs: z.number().int(),
    settings: z.number().int(),
    alertRules: z.number().int(),
    unreadable: z
      .array(z.object({ kind: z.enum(['CONNECTION', 'SECRET', 'JOB', 'SETTING', 'ALERT_RULE']), name: z.string() }))
      .describe('No key of ETL_SECRET_KEY reads these; nothing of them has changed.'),
  })
  .meta({ id: 'RotatedKeys' })
export const secretBody = z.strictObject({
  value: secret('What ${secret:NAME} stands for; never shown.'),
  description: z.string().max(512).nullable().default(null),
})
