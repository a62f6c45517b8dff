/** `etl apply PATH…`: makes the jobs, connections, alert rules and settings of the server equal to the files, and shows what changes. */
import { isDeepStrictEqual } from 'node:util'
import { JobError } from '../../core/errors/job-error.js'
import { redact, type SchemaNode } from '../../core/security/secret-fields.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { type Definition, readDefinitions } from '../definitions.js'
import { findNamed, type JobDetails, type JobSummary, saveJob } from '../jobs.js'
import { table } from '../output.js'
import { applyAlertRule, type StoredRule } from './apply-alert-rule.js'
import type { Change } from './apply-change.js'
import { atFile } from './apply-failure.js'
import { type Applied, inOrder } from './apply-order.js'
import { type TakenOver, takeOver } from './keep-state.js'

interface Options {
  readonly dryRun?: boolean
  readonly prune?: boolean
  readonly keepState?: boolean
  readonly allowNonRestoredState?: boolean
}

interface StoredConnection {
  readonly connectionId: string
  readonly name: string
  readonly version: number
  readonly connector: string
  readonly usage: string
  readonly description: string | null
  readonly config: unknown
}

export async function apply({ output, variables }: Context, paths: readonly string[], options: Options): Promise<void> {
  const definitions = readDefinitions(paths)
  const unknown = definitions.find((one) => !(one.kind in APPLY))
  if (unknown !== undefined)
    throw new JobError('usage.invalid', `${unknown.file}: ${unknown.kind} cannot be applied yet`)
  const client = connect(variables)
  const dryRun = options.dryRun === true
  const changes: Change[] = []
  for (const one of inOrder(definitions)) {
    try {
      changes.push(await APPLY[one.kind as Applied](client, one, dryRun))
    } catch (error) {
      for (const { change, kind, name } of dryRun ? [] : changes) output.note(`${change}  ${kind} ${name}`)
      throw atFile(error, one, dryRun ? 0 : changes.length)
    }
  }
  if (options.prune === true) changes.push(...(await prune(client, definitions, dryRun)))
  const takenOver: TakenOver[] = []
  if (options.keepState === true) {
    const how = { dryRun, allowNonRestoredState: options.allowNonRestoredState === true }
    for (const { kind, name } of changes)
      if (kind === 'job') takenOver.push(...(await takeOver(client, name, how, output)))
  }
  const rows = changes.map(({ change, kind, name }) => [
    dryRun && change !== 'unchanged' ? `would ${change}` : change,
    kind,
    name,
  ])
  const answer = options.keepState === true ? { dryRun, changes, takenOver } : { dryRun, changes }
  output.result(answer, () => table(['change', 'kind', 'name'], rows))
}

const APPLY: Readonly<Record<Applied, (client: Client, given: Definition, dryRun: boolean) => Promise<Change>>> = {
  connection: applyConnection,
  setting: applySetting,
  job: applyJob,
  alertRule: applyAlertRule,
}

async function applyJob(client: Client, definition: Definition, dryRun: boolean): Promise<Change> {
  const { kind: _kind, ...value } = definition.value
  const name = String(value.name)
  if (!dryRun) {
    const { change } = await saveJob(client, value)
    return { kind: 'job', name, change: change === 'unchanged' ? change : change === 'created' ? 'create' : 'update' }
  }
  await client.send('POST', '/jobs/validate', value)
  const known = await findNamed(client, name)
  if (known === null) return { kind: 'job', name, change: 'create' }
  const { spec } = await client.get<JobDetails>(`/jobs/${known.jobId}`)
  return { kind: 'job', name, change: isDeepStrictEqual(redact(plain(value)), plain(spec)) ? 'unchanged' : 'update' }
}

async function applyConnection(client: Client, { value }: Definition, dryRun: boolean): Promise<Change> {
  const name = String(value.name)
  const { items } = await client.get<{ items: readonly StoredConnection[] }>('/connections', { name })
  const known = items[0]
  if (known === undefined) {
    if (!dryRun) await client.send('POST', '/connections', value)
    return { kind: 'connection', name, change: 'create' }
  }
  if (dryRun) {
    const { connector, usage = 'BOTH', description = null, config } = value
    const { connection: schema } = await client.get<{ connection: SchemaNode | null }>(`/connectors/${connector}`)
    const shown = { connector, usage, description, config: redact(plain(config), schema) }
    const stored = {
      connector: known.connector,
      usage: known.usage,
      description: known.description,
      config: known.config,
    }
    return { kind: 'connection', name, change: isDeepStrictEqual(shown, stored) ? 'unchanged' : 'update' }
  }
  const headers = { 'if-match': `"${known.version}"` }
  const saved = await client.send<StoredConnection>('PUT', `/connections/${known.connectionId}`, value, headers)
  return { kind: 'connection', name, change: saved.version === known.version ? 'unchanged' : 'update' }
}

async function applySetting(client: Client, { value }: Definition, dryRun: boolean): Promise<Change> {
  const name = String(value.key)
  const path = `/system-configs/${encodeURIComponent(name)}`
  const known = await client.get<{ value: string | null; version: number }>(path)
  if (known.value === String(value.value)) return { kind: 'setting', name, change: 'unchanged' }
  if (!dryRun) await client.send('PUT', path, { value: value.value, version: known.version })
  return { kind: 'setting', name, change: 'update' }
}

/** Removes jobs, connections and alert rules that no file names, of the kinds that the files hold. */
async function prune(client: Client, definitions: readonly Definition[], dryRun: boolean): Promise<readonly Change[]> {
  const changes: Change[] = []
  const named = (kind: string) =>
    new Set(definitions.filter((one) => one.kind === kind).map((one) => String(one.value.name)))
  const jobs = named('job')
  for (const job of jobs.size === 0 ? [] : await client.all<JobSummary>('/jobs')) {
    if (jobs.has(job.name)) continue
    if (!dryRun) await client.send('DELETE', `/jobs/${job.jobId}`)
    changes.push({ kind: 'job', name: job.name, change: 'delete' })
  }
  const connections = named('connection')
  for (const one of connections.size === 0 ? [] : await client.all<StoredConnection>('/connections')) {
    if (connections.has(one.name)) continue
    if (!dryRun) await client.send('DELETE', `/connections/${one.connectionId}`)
    changes.push({ kind: 'connection', name: one.name, change: 'delete' })
  }
  const rules = named('alertRule')
  for (const one of rules.size === 0 ? [] : await client.all<StoredRule>('/alert-rules')) {
    if (rules.has(one.name)) continue
    if (!dryRun) await client.send('DELETE', `/alert-rules/${one.ruleId}`)
    changes.push({ kind: 'alertRule', name: one.name, change: 'delete' })
  }
  return changes
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}
