import { z } from 'zod'
import { secret } from '../../core/config/schema.js'
import { sinkGuarantees, sourceGuarantees } from './guarantees.js'

const broker = z
  .string()
  .trim()
  .regex(/^(\[[0-9a-f:.]+\]|[^\s:/,]+):\d{1,5}$/i, 'Expected host:port.')

const saslConfig = z
  .strictObject({
    mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).describe('How the brokers want it.'),
    username: z.string().min(1).describe('User.'),
    password: secret('Password.'),
  })
  .describe('Log in.')

const tlsConfig = z
  .union([
    z.boolean(),
    z.strictObject({
      ca: z.string().min(1).optional().describe('Certificate authority, PEM.'),
      cert: z.string().min(1).optional().describe('Certificate of this client, PEM.'),
      key: secret('Private key of that certificate, PEM.').optional(),
      passphrase: secret('Of the private key.').optional(),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe('The name in the certificate of the brokers, if it is not their host.'),
      rejectUnauthorized: z.boolean().default(true).describe('Refuse a broker whose certificate cannot be verified.'),
    }),
  ])
  .describe('Encrypt the connection.')

export const connectionConfig = z.strictObject({
  brokers: z.array(broker).min(1).describe('Some of the brokers, as `host:port`; the others are found through them.'),
  clientId: z
    .string()
    .regex(/^\S+$/, 'Expected a name without spaces.')
    .default('etl')
    .describe('How the brokers call us in their logs and quotas.'),
  sasl: saslConfig.optional(),
  tls: tlsConfig.optional(),
})

export type KafkaConnection = z.infer<typeof connectionConfig>

const connection = z
  .union([z.string().min(1), connectionConfig])
  .describe('Name of a connection, or a connection itself: `{brokers: ["host:9092"]}`.')

const topic = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'A topic is named by letters, digits, dots, dashes and underscores.')

const timestamp = z.strictObject({
  timestamp: z
    .union([z.int().min(0), z.string().trim().min(1)])
    .refine(
      (value) => momentOf(value) !== null,
      'Expected a time like 2026-01-31T12:00:00Z, or milliseconds since 1970.',
    )
    .describe('The first message that is not older; without a zone it is UTC.'),
})

export const metadataColumns = ['topic', 'partition', 'offset', 'timestamp', 'key', 'headers'] as const
export type MetadataColumn = (typeof metadataColumns)[number]

export const formats = ['json', 'csv', 'raw'] as const

export const sourceConfig = z
  .strictObject({
    connection,
    topic: topic.describe('The topic to read.'),
    startFrom: z
      .union([z.enum(['EARLIEST', 'LATEST']), timestamp])
      .default('EARLIEST')
      .describe('Where a new lineage begins: with the oldest message, with those to come, or at a time.'),
    endAt: z
      .union([z.enum(['LATEST']), timestamp])
      .optional()
      .describe(
        'BATCH: where it ends, exclusive: at what there is when it starts (LATEST, the default), or at a time. STREAMING: never.',
      ),
    groupId: z
      .string()
      .min(1)
      .optional()
      .describe('A consumer group whose offsets follow the checkpoints, for lag monitors. Nothing is read from it.'),
    format: z
      .enum(formats)
      .default('json')
      .describe('What a message holds: a JSON object, a line of CSV, or anything.'),
    columns: z
      .record(z.string().min(1), z.string().trim().min(1))
      .refine((columns) => Object.keys(columns).length > 0, 'name at least one column')
      .optional()
      .describe(
        'Column types by name: `{id: BIGINT, name: VARCHAR}`. JSON: else inferred once from messages, when the job is saved. CSV: in the order of the values. Raw: one column, VARCHAR or BLOB; else `value VARCHAR`. What a type cannot hold as it is written, like 1.5 in a BIGINT, is a bad record.',
      ),
    metadata: z
      .array(z.enum(metadataColumns))
      .default([])
      .describe('Facts of the message as columns of these names, behind the others.'),
  })
  .refine((config) => config.format !== 'csv' || config.columns !== undefined, {
    path: ['columns'],
    error: 'a line of CSV does not name its columns',
  })
  .refine((config) => config.format !== 'raw' || isOneColumn(config.columns), {
    path: ['columns'],
    error: 'raw is one column, of type VARCHAR or BLOB',
  })
  .refine((config) => new Set(config.metadata).size === config.metadata.length, {
    path: ['metadata'],
    error: 'the same column twice',
  })
  .refine((config) => !clash(config), {
    path: ['metadata'],
    error: 'a column of `columns` has the same name',
  })
  .describe(sourceGuarantees)

export type KafkaSourceConfig = z.infer<typeof sourceConfig>

const columnName = z.string().min(1)

export const sinkConfig = z
  .strictObject({
    connection,
    topic: topic.describe('The topic to write to; it must be there.'),
    key: z
      .union([columnName, z.array(columnName).min(1)])
      .optional()
      .describe(
        'Column whose text is the key: messages of one key go to one partition, in order. Several: a JSON object of them. Else messages take turns.',
      ),
    format: z
      .enum(formats)
      .default('json')
      .describe(
        'What a message holds: a JSON object or a line of CSV of all columns, or the one column that is neither key nor header.',
      ),
    headers: z
      .record(z.string().min(1), columnName)
      .optional()
      .describe('Headers by name, each from a column: `{trace: trace_id}`. NULL: the message goes without it.'),
    compression: z
      .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
      .default('none')
      .describe('How batches of messages are compressed; zstd needs Node 22.15.'),
  })
  .describe(sinkGuarantees)

export type KafkaSinkConfig = z.infer<typeof sinkConfig>

/** Columns of the key, one or several. */
export function keyOf({ key }: Pick<KafkaSinkConfig, 'key'>): readonly string[] {
  return key === undefined ? [] : typeof key === 'string' ? [key] : key
}

/** Milliseconds since 1970; null: no time. */
export function momentOf(value: string | number): number | null {
  if (typeof value === 'number') return value
  if (/^\d{5,}$/.test(value)) return Number(value)
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return null
  const iso = value.replace(' ', 'T')
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(iso.slice(10)) ? iso : `${iso.length === 10 ? `${iso}T00:00:00` : iso}Z`
  const moment = Date.parse(zoned)
  return Number.isNaN(moment) ? null : moment
}

function isOneColumn(columns: Readonly<Record<string, string>> | undefined): boolean {
  const types = Object.values(columns ?? { value: 'VARCHAR' })
  return types.length === 1 && /^(VARCHAR|BLOB)$/i.test(types[0]!)
}

function clash(config: {
  columns?: Readonly<Record<string, string>> | undefined
  metadata: readonly string[]
}): boolean {
  const names = new Set(Object.keys(config.columns ?? {}).map((name) => name.toLowerCase()))
  return config.metadata.some((name) => names.has(name))
}
