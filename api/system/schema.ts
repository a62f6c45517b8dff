import { z } from 'zod'
import { id, json, listOf, page, time, timeRange, version } from '../http/schema.js'

export const settingParams = z.strictObject({ key: z.string().min(1).max(128) })
export const settingQuery = z.strictObject({ group: z.string().max(64).optional() })
export const setting = z
  .object({
    key: z.string(),
    value: z.string().nullable(),
    defaultValue: z.string().nullable(),
    type: z.enum(['STRING', 'INT', 'BOOLEAN', 'JSON']),
    group: z.string(),
    description: z.string().nullable(),
    readonly: z.boolean(),
    encrypted: z.boolean().describe('Its value is kept encrypted, and never shown.'),
    isSet: z.boolean(),
    least: z.number().nullable().describe('Of an INT.'),
    most: z.number().nullable(),
    oneOf: z.array(z.string()).nullable().describe('The values that there are; null: any.'),
    version: z.number().int(),
    updatedAt: time,
  })
  .meta({ id: 'Setting' })
export const settingList = listOf(setting)
export const settingBody = z.strictObject({
  version: version.optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).nullable().describe('null: back to the default.'),
})

const status = z.enum(['SUCCESS', 'FAILED'])
export const operationQuery = z.strictObject({
  ...page,
  ...timeRange,
  order: z.enum(['NEWEST', 'OLDEST']).default('NEWEST').describe('Which come first.'),
  userId: id.optional(),
  username: z.string().max(100).optional().describe('Of a failed log-in: the name that was tried.'),
  operationType: z.string().max(64).optional(),
  resourceType: z.string().max(64).optional(),
  resourceId: z.string().max(191).optional(),
  status: status.optional(),
})
export const operation = z
  .object({
    logId: z.string(),
    time,
    userId: z.string().nullable(),
    username: z.string().nullable(),
    operationType: z.string(),
    resourceType: z.string().nullable(),
    resourceId: z.string().nullable(),
    requestMethod: z.string().nullable(),
    requestPath: z.string().nullable(),
    requestParams: json,
    responseStatus: z.number().int().nullable(),
    operationStatus: status,
    errorMessage: z.string().nullable(),
    ipAddress: z.string().nullable(),
    userAgent: z.string().nullable(),
    durationMs: z.number().nullable(),
    startedAt: time.nullable().describe('When the operation began; `time` is when the entry was written.'),
    sequence: z.string().nullable().describe('Place in the chain, from 1 without a gap; null: older than the chain.'),
    previousHash: z.string().nullable(),
    entryHash: z.string().nullable().describe('SHA-256 over the entry and the hash before it.'),
  })
  .meta({ id: 'Operation' })
export const operationList = listOf(operation)

const sequence = z.string().regex(/^\d{1,15}$/, 'a number')
export const verificationQuery = z
  .strictObject({
    sequence: sequence.optional().describe('Of a head that was noted before: it has to be there still.'),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, '64 hex digits')
      .optional()
      .describe('Its hash.'),
  })
  .refine((query) => (query.sequence === undefined) === (query.hash === undefined), 'sequence and hash go together')
export const verification = z
  .object({
    intact: z.boolean(),
    entries: z.number().int().describe('How many were looked at.'),
    anchorSequence: z.string().describe('Up to this one retention has removed them.'),
    head: z
      .object({ sequence, hash: z.string(), time })
      .nullable()
      .describe('The newest entry. Noted elsewhere, it proves that the end was not cut off and signed again.'),
    olderRows: z.number().int().describe('Rows from before there was a chain: nothing proves them.'),
    fault: z
      .object({
        kind: z.enum(['CHANGED', 'REMOVED', 'ADDED', 'UNSIGNED']),
        sequence: sequence.nullable(),
        logId: z.string().nullable(),
        time: time.nullable(),
        message: z.string(),
      })
      .nullable()
      .describe('The first that does not fit.'),
  })
  .meta({ id: 'AuditVerification' })

export const schemaParams = z.strictObject({
  name: z.string().min(1).max(100).describe('job, connection, alertRule or setting.'),
})
export const anyDocument = json

export const workerQuery = z.strictObject(page)
export const worker = z
  .object({
    workerId: z.string(),
    host: z.string(),
    processId: z.number().int(),
    version: z.string(),
    status: z
      .enum(['ALIVE', 'STOPPING', 'STOPPED', 'LOST'])
      .describe('LOST: not heard of for half a minute, and it did not say that it stops.'),
    slots: z.number().int(),
    slotsUsed: z.number().int(),
    taskQueues: z.array(z.string()),
    cpuUsagePercent: z.number().nullable(),
    memoryUsageBytes: z.number().nullable(),
    startedAt: time,
    heardAt: time,
  })
  .meta({ id: 'Worker' })
export const workerList = listOf(worker)
