/** Rules that raise alerts: written in clear, shown masked, tried from here. */
import { comparisonOf, RULE_TYPES } from '../../core/alert/rule-types.js'
import { type AlertRuleDocument, channelSchema, nameOfChannel } from '../../core/alert/schema.js'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import { redact } from '../../core/security/secret-fields.js'
import { formatDuration, parseDuration } from '../../core/spec/duration.js'
import type { RuleDefinition, RuleFilter, RuleRecord } from '../../models/stores/alert-rule-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import { alertRule, alertRuleList, channelTests, ruleBody, ruleParams, ruleQuery, testBody } from './schema.js'
import { testChannels } from './test-channels.js'

const tag = 'Alerts'
const audit = (operation: string) => ({ operation, resource: 'ALERT_RULE' })

export const alertRuleRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/alert-rules',
    tag,
    summary: 'Rules that raise alerts, newest first.',
    query: ruleQuery,
    status: 200,
    response: alertRuleList,
    handle: async ({ query }, deps) => {
      const { items, nextCursor } = await deps.alertRules.list(pageRequest(query) as RuleFilter)
      return { body: { items: items.map(bodyOf), nextCursor } }
    },
  }),
  route({
    method: 'post',
    path: '/alert-rules',
    tag,
    summary: 'Creates a rule; the secrets of its channels are encrypted.',
    audit: audit('CREATE_ALERT_RULE'),
    auditBody: maskedBody,
    body: ruleBody,
    status: 201,
    response: alertRule,
    handle: async (call, deps) => {
      const given = await definitionOf(call.body, deps)
      const created = await deps.alertRules.create(call.newId, given, callerOf(call).userId)
      return {
        body: bodyOf(created),
        resourceId: call.newId,
        headers: { Location: `/api/v1/alert-rules/${call.newId}` },
      }
    },
  }),
  route({
    method: 'get',
    path: '/alert-rules/{ruleId}',
    tag,
    summary: 'One rule, secrets masked.',
    params: ruleParams,
    query: noQuery,
    status: 200,
    response: alertRule,
    handle: async ({ params }, deps) => {
      const found = await deps.alertRules.find(params.ruleId)
      return { body: bodyOf(found), headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    method: 'put',
    path: '/alert-rules/{ruleId}',
    tag,
    summary: 'Changes a rule; a secret given as *** stays as it is stored. A disabled rule’s alerts are over.',
    audit: audit('UPDATE_ALERT_RULE'),
    versioned: true,
    auditBody: maskedBody,
    params: ruleParams,
    query: versionQuery,
    body: ruleBody,
    status: 200,
    response: alertRule,
    handle: async (call, deps) => {
      const { ruleId } = call.params
      const given = await definitionOf(call.body, deps)
      const channels = await deps.alertRules.unmasked(ruleId, given.channels)
      const by = callerOf(call).userId
      return { body: bodyOf(await deps.alertRules.update(ruleId, { ...given, channels }, call.version, by)) }
    },
  }),
  route({
    method: 'delete',
    path: '/alert-rules/{ruleId}',
    tag,
    summary: 'Removes a rule; its alerts are over, and stay in the history.',
    audit: audit('DELETE_ALERT_RULE'),
    params: ruleParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      await deps.alertRules.remove(call.params.ruleId, call.version, callerOf(call).userId)
      return {}
    },
  }),
  route({
    method: 'post',
    path: '/alert-rules/{ruleId}/test',
    tag,
    summary: 'Sends a notification that says that it is a test on the rule’s channels, and answers what became of it.',
    audit: audit('TEST_ALERT_RULE'),
    params: ruleParams,
    body: testBody,
    status: 200,
    response: channelTests,
    handle: async ({ params, body }, deps) => ({
      body: { items: [...(await testChannels(params.ruleId, body.channel ?? null, deps))] },
    }),
  }),
]

type RuleBody = Omit<AlertRuleDocument, 'kind'>

async function definitionOf(body: RuleBody, deps: ApiDeps): Promise<RuleDefinition> {
  const { operator = null, threshold = null, channels = [] } = body
  return {
    name: body.name,
    description: body.description ?? null,
    type: body.type,
    jobId: body.job === undefined ? null : await jobNamed(body.job, deps),
    tag: body.tag ?? null,
    operator,
    threshold,
    durationSeconds: secondsOf(body.duration ?? '0s'),
    level: body.level ?? 'ERROR',
    groupBy: body.groupBy ?? 'RULE',
    windowSeconds: secondsOf(body.window ?? '1m'),
    repeatSeconds: secondsOf(body.repeat ?? '4h'),
    notifyResolved: body.notifyResolved ?? true,
    channels: Object.fromEntries(channels.map(({ name, ...one }) => [nameOfChannel({ name, type: one.type }), one])),
    isEnabled: body.enabled ?? true,
  }
}

async function jobNamed(name: string, deps: ApiDeps): Promise<string> {
  const job = await deps.jobs.findByName(name)
  if (job === null) throw new JobError('config.invalid', `There is no job ${name}`, { pointer: '/job' })
  return job.jobId
}

const secondsOf = (duration: string) => Math.ceil((parseDuration(duration) ?? 0) / 1000)

function bodyOf(record: RuleRecord) {
  const { durationSeconds, windowSeconds, repeatSeconds, isEnabled, channels, ...same } = record
  return {
    ...same,
    ...comparisonOf(record.type, record.operator, record.threshold),
    unit: RULE_TYPES[record.type].unit,
    duration: formatDuration(durationSeconds * 1000),
    window: formatDuration(windowSeconds * 1000),
    repeat: formatDuration(repeatSeconds * 1000),
    channels: Object.entries(channels).map(([name, channel]) => ({ name, ...channel })),
    enabled: isEnabled,
  }
}

function maskedBody(body: unknown): unknown {
  const channels = (body as { channels?: unknown }).channels
  const schema = jsonSchemaOf(channelSchema)
  return { ...(body as object), channels: redact(channels, { items: schema }) }
}
