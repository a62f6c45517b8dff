/** An alert rule of a file, and as the server shows it. */
import { isDeepStrictEqual } from 'node:util'
import { channelSchema, nameOfChannel } from '../../core/alert/schema.js'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { redact } from '../../core/security/secret-fields.js'
import { parseDuration } from '../../core/spec/duration.js'
import type { Client } from '../client.js'
import type { Definition } from '../definitions.js'
import type { Change } from './apply-change.js'

export interface StoredRule extends Readonly<Record<string, unknown>> {
  readonly ruleId: string
  readonly name: string
  readonly version: number
}

export async function applyAlertRule(client: Client, { value }: Definition, dryRun: boolean): Promise<Change> {
  const name = String(value.name)
  const { items } = await client.get<{ items: readonly StoredRule[] }>('/alert-rules', { name })
  const known = items[0]
  if (known === undefined) {
    if (!dryRun) await client.send('POST', '/alert-rules', value)
    return { kind: 'alertRule', name, change: 'create' }
  }
  if (dryRun) return { kind: 'alertRule', name, change: isShown(known, value) ? 'unchanged' : 'update' }
  const headers = { 'if-match': `"${known.version}"` }
  const saved = await client.send<StoredRule>('PUT', `/alert-rules/${known.ruleId}`, value, headers)
  return { kind: 'alertRule', name, change: saved.version === known.version ? 'unchanged' : 'update' }
}

/** What a file says of it; what is not set is left out. */
export function documentOf(rule: StoredRule): Readonly<Record<string, unknown>> {
  const { ruleId, version, jobId, unit, lastEvaluatedAt, createdAt, updatedAt, ...said } = rule
  const isSet = ([key, value]: [string, unknown]) =>
    value !== null && !(key === 'channels' && isDeepStrictEqual(value, []))
  return Object.fromEntries(Object.entries(said).filter(isSet))
}

/** As far as can be told without the secrets. */
function isShown(known: StoredRule, value: Definition['value']): boolean {
  const stored = documentOf(known)
  const given = Object.entries(value).filter(([key]) => key !== 'kind' && key !== 'channels')
  const schema = jsonSchemaOf(channelSchema)
  const channels = (JSON.parse(JSON.stringify(value.channels ?? [])) as { name?: string; type: string }[]).map(
    (one) => ({
      name: nameOfChannel(one),
      ...one,
    }),
  )
  const shown = redact(channels, { items: schema })
  return (
    given.every(([key, item]) => isDeepStrictEqual(inMs(item), inMs(stored[key]))) &&
    isDeepStrictEqual(shown, stored.channels ?? [])
  )
}

/** `60s` and `1m` are the same. */
function inMs(value: unknown): unknown {
  return typeof value === 'string' ? (parseDuration(value) ?? value) : value
}
