/** `etl alerts list`, `show`, `ack`, `resolve`, `silence`, `silences`, `unsilence`, `rules`, `test`. */
import { JobError } from '../../core/errors/job-error.js'
import { parseDuration } from '../../core/spec/duration.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { findJob } from '../jobs.js'
import { fields, table } from '../output.js'
import type { StoredRule } from './apply-alert-rule.js'

interface Alert {
  readonly alertId: string
  readonly state: string
  readonly rule: string
  readonly type: string
  readonly level: string
  readonly jobId: string | null
  readonly executionId: string | null
  readonly message: string
  readonly value: number | null
  readonly threshold: number | null
  readonly occurrences: number
  readonly triggeredAt: string
  readonly lastTriggeredAt: string
  readonly acknowledgedAt: string | null
  readonly resolvedBy: string | null
  readonly resolvedAt: string | null
  readonly notification: { readonly status: string; readonly at: string | null; readonly error: string | null }
}

interface Silence {
  readonly silenceId: string
  readonly ruleId: string | null
  readonly jobId: string | null
  readonly reason: string | null
  readonly startsAt: string
  readonly endsAt: string
}

interface ListOptions {
  readonly state?: string
  readonly level?: string
  readonly type?: string
  readonly job?: string
  readonly rule?: string
  readonly limit: string
}

export async function list({ output, variables }: Context, options: ListOptions): Promise<void> {
  const client = connect(variables)
  const filter = {
    state: options.state?.toUpperCase(),
    level: options.level?.toUpperCase(),
    type: options.type?.toUpperCase(),
    ...(await scopeOf(client, options)),
  }
  const items = await client.all<Alert>('/alerts', filter, Number(options.limit))
  output.result({ items }, () =>
    table(
      ['alert', 'state', 'level', 'type', 'since', 'count', 'told', 'message'],
      items.map((one) => [
        one.alertId,
        one.state,
        one.level,
        one.type,
        one.triggeredAt,
        String(one.occurrences),
        one.notification.status,
        one.message.replaceAll(/\s+/g, ' ').slice(0, 100),
      ]),
    ),
  )
}

export async function show({ output, variables }: Context, alertId: string): Promise<void> {
  const alert = await connect(variables).get<Alert>(pathOf(alertId))
  output.result(alert, () => describe(alert))
}

export async function acknowledge({ output, variables }: Context, alertId: string): Promise<void> {
  const alert = await connect(variables).send<Alert>('POST', `${pathOf(alertId)}/acknowledge`)
  output.result(alert, () => describe(alert))
}

export async function resolve({ output, variables }: Context, alertId: string): Promise<void> {
  const alert = await connect(variables).send<Alert>('POST', `${pathOf(alertId)}/resolve`)
  output.result(alert, () => describe(alert))
}

interface SilenceOptions {
  readonly rule?: string
  readonly job?: string
  readonly for: string
  readonly reason?: string
}

export async function silence({ output, variables }: Context, options: SilenceOptions): Promise<void> {
  const lasts = parseDuration(options.for)
  if (lasts === null || lasts <= 0)
    throw new JobError('usage.invalid', '--for takes a duration such as 30m or 2h, 36500d at most')
  const client = connect(variables)
  const { ruleId = null, jobId = null } = await scopeOf(client, options)
  const endsAt = new Date(Date.now() + lasts).toISOString()
  const made = await client.send<Silence>('POST', '/silences', {
    ruleId,
    jobId,
    endsAt,
    reason: options.reason ?? null,
  })
  output.result(made, () => `silence ${made.silenceId} until ${made.endsAt}`)
}

export async function silences({ output, variables }: Context): Promise<void> {
  const items = await connect(variables).all<Silence>('/silences', { active: 'true' })
  output.result({ items }, () =>
    table(
      ['silence', 'rule', 'job', 'until', 'reason'],
      items.map((one) => [one.silenceId, one.ruleId ?? 'every', one.jobId ?? 'every', one.endsAt, one.reason ?? '']),
    ),
  )
}

export async function unsilence({ output, variables }: Context, silenceId: string): Promise<void> {
  await connect(variables).send('DELETE', `/silences/${encodeURIComponent(silenceId)}`)
  output.result({ silenceId }, () => `silence ${silenceId} has ended`)
}

export async function rules({ output, variables }: Context): Promise<void> {
  const items = await connect(variables).all<StoredRule>('/alert-rules')
  output.result({ items }, () =>
    table(
      ['rule', 'type', 'scope', 'condition', 'level', 'enabled'],
      items.map((one) => [
        one.name,
        String(one.type),
        one.job === null ? (one.tag === null ? 'every job' : `tag ${String(one.tag)}`) : `job ${String(one.job)}`,
        `${String(one.operator)} ${String(one.threshold)} ${String(one.unit)} for ${String(one.duration)}`,
        String(one.level),
        one.enabled === true ? 'yes' : 'no',
      ]),
    ),
  )
}

interface Tested {
  readonly items: readonly { readonly channel: string; readonly status: string; readonly message: string | null }[]
}

/** Exit code 1 if a channel could not be told. */
export async function test(
  { output, variables }: Context,
  name: string,
  { channel }: { readonly channel?: string },
): Promise<number> {
  const client = connect(variables)
  const { ruleId } = await ruleNamed(client, name)
  const answer = await client.send<Tested>(
    'POST',
    `/alert-rules/${ruleId}/test`,
    channel === undefined ? {} : { channel },
  )
  output.result(answer, () =>
    table(
      ['channel', 'status', 'message'],
      answer.items.map((one) => [one.channel, one.status, one.message ?? '']),
    ),
  )
  return answer.items.every(({ status }) => status === 'SENT') ? 0 : 1
}

async function scopeOf(client: Client, { rule, job }: { readonly rule?: string; readonly job?: string }) {
  return {
    ...(rule === undefined ? {} : { ruleId: (await ruleNamed(client, rule)).ruleId }),
    ...(job === undefined ? {} : { jobId: (await findJob(client, job)).jobId }),
  }
}

async function ruleNamed(client: Client, name: string): Promise<StoredRule> {
  const { items } = await client.get<{ items: readonly StoredRule[] }>('/alert-rules', { name })
  if (items[0] === undefined) throw new JobError('not.found', `There is no alert rule ${name}`)
  return items[0]
}

const pathOf = (alertId: string) => `/alerts/${encodeURIComponent(alertId)}`

function describe(alert: Alert): string {
  const { value, threshold, resolvedAt, resolvedBy, notification } = alert
  const over = resolvedAt === null ? null : `${resolvedAt}${resolvedBy === null ? ', by itself' : ''}`
  return fields([
    ['state', alert.state],
    ['rule', `${alert.rule} (${alert.type}, ${alert.level})`],
    ['message', alert.message],
    ['value', value === null ? null : `${value}${threshold === null ? '' : `, threshold ${threshold}`}`],
    ['count', String(alert.occurrences)],
    ['since', alert.triggeredAt],
    ['last', alert.lastTriggeredAt],
    ['job', alert.jobId],
    ['execution', alert.executionId],
    ['acknowledged', alert.acknowledgedAt],
    ['over', over],
    ['told', `${notification.status}${notification.error === null ? '' : `: ${notification.error}`}`],
  ])
}
