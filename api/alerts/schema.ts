import { z } from 'zod'
import { LEVELS, OPERATORS } from '../../core/alert/rule.js'
import { CHANNEL_FAILED, RULE_TYPE_NAMES, type RuleType } from '../../core/alert/rule-types.js'
import { oneScope, ruleFields } from '../../core/alert/schema.js'
import { instant } from '../../core/spec/schema.js'
import { id, json, listOf, page, time, timeRange, version } from '../http/schema.js'

const level = z.enum(LEVELS)
const ruleType = z.enum(RULE_TYPE_NAMES as [RuleType, ...RuleType[]])
const alertType = z.enum([CHANNEL_FAILED, ...RULE_TYPE_NAMES])

export const ruleParams = z.strictObject({ ruleId: id })
export const ruleQuery = z.strictObject({ ...page, name: z.string().max(128).optional(), type: ruleType.optional() })
export const ruleBody = z
  .strictObject({ kind: z.literal('alertRule').optional(), version: version.optional(), ...ruleFields })
  .refine(oneScope.check, oneScope.says)
export const alertRule = z
  .object({
    ruleId: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    type: ruleType,
    job: z.string().nullable().describe('null: every job, or those with the tag.'),
    jobId: z.string().nullable(),
    tag: z.string().nullable(),
    operator: z.enum(OPERATORS),
    threshold: z.number(),
    unit: z.string().describe('Of the threshold.'),
    duration: z.string(),
    level,
    groupBy: z.enum(['RULE', 'JOB']),
    window: z.string(),
    repeat: z.string(),
    notifyResolved: z.boolean(),
    channels: z.array(json).describe('Secrets are shown as ***.'),
    enabled: z.boolean(),
    lastEvaluatedAt: time.nullable(),
    version: z.number().int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'AlertRule' })
export const alertRuleList = listOf(alertRule)
export const testBody = z.strictObject({
  channel: z.string().max(64).optional().describe('Only this one; without it, each.'),
})
export const channelTests = z
  .object({
    items: z.array(
      z.object({ channel: z.string(), status: z.enum(['SENT', 'FAILED']), message: z.string().nullable() }),
    ),
  })
  .meta({ id: 'ChannelTests' })

export const alertParams = z.strictObject({ alertId: id })
export const alertQuery = z.strictObject({
  ...page,
  ...timeRange,
  state: z.enum(['OPEN', 'FIRING', 'ACKNOWLEDGED', 'RESOLVED']).optional().describe('OPEN: not resolved.'),
  level: level.optional(),
  type: alertType.optional(),
  ruleId: id.optional(),
  jobId: id.optional(),
  executionId: id.optional(),
})
export const alert = z
  .object({
    alertId: z.string(),
    state: z.enum(['FIRING', 'ACKNOWLEDGED', 'RESOLVED']),
    ruleId: z.string(),
    rule: z.string(),
    type: alertType,
    level,
    jobId: z.string().nullable(),
    executionId: z.string().nullable().describe('The newest that it is about.'),
    message: z.string(),
    value: z.number().nullable(),
    threshold: z.number().nullable(),
    occurrences: z.number().int().describe('What it stands for.'),
    triggeredAt: time,
    lastTriggeredAt: time,
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: time.nullable(),
    resolvedBy: z.string().nullable().describe('null of a resolved one: by itself.'),
    resolvedAt: time.nullable(),
    notification: z.object({
      status: z.enum(['PENDING', 'SENT', 'FAILED', 'SILENCED']),
      at: time.nullable(),
      error: z.string().nullable(),
    }),
    version: z.number().int(),
  })
  .meta({ id: 'Alert' })
export const alertList = listOf(alert)

export const silenceParams = z.strictObject({ silenceId: id })
export const silenceQuery = z.strictObject({
  ...page,
  active: z.enum(['true', 'false']).optional().describe('true: without those that are over.'),
})
const moment = instant('A time with its zone.')
export const silenceBody = z.strictObject({
  version: version.optional(),
  ruleId: id.nullable().default(null).describe('null: every rule.'),
  jobId: id.nullable().default(null).describe('null: every job.'),
  reason: z.string().max(512).nullable().default(null),
  startsAt: moment.optional().describe('Without it, now.'),
  endsAt: moment,
})
export const silence = z
  .object({
    silenceId: z.string(),
    ruleId: z.string().nullable(),
    jobId: z.string().nullable(),
    reason: z.string().nullable(),
    startsAt: time,
    endsAt: time,
    createdBy: z.string().nullable(),
    version: z.number().int(),
    createdAt: time,
  })
  .meta({ id: 'Silence' })
export const silenceList = listOf(silence)
