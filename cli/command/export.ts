/** `etl export`: the server's jobs, connections, changed settings and alert rules as files that `etl apply` takes; secrets stay masked. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { reportError } from '../../core/errors/job-error.js'
import { MASK } from '../../core/security/secret-fields.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import type { JobDetails, JobSummary } from '../jobs.js'
import { documentOf, type StoredRule } from './apply-alert-rule.js'

interface Options {
  readonly output?: string
}

interface Exported {
  readonly file: string
  readonly document: Readonly<Record<string, unknown>>
}

export async function exportDefinitions(
  { output, variables }: Context,
  names: readonly string[],
  options: Options,
): Promise<void> {
  const client = connect(variables)
  const wanted = (name: string) => names.length === 0 || names.includes(name)
  const exported: Exported[] = []
  for (const one of await client.all<Record<string, unknown>>('/connections')) {
    if (!wanted(String(one.name))) continue
    const { name, connector, usage, description, config } = one
    const document = {
      kind: 'connection',
      name,
      connector,
      usage,
      ...(description === null ? {} : { description }),
      config,
    }
    exported.push({ file: fileOf('connection', String(name)), document })
  }
  for (const job of await client.all<JobSummary>('/jobs')) {
    if (!wanted(job.name)) continue
    const { spec } = await client.get<JobDetails>(`/jobs/${job.jobId}`)
    exported.push({ file: fileOf('job', job.name), document: { kind: 'job', ...spec } })
  }
  for (const { key, value } of await changedSettings(client))
    if (wanted(key)) exported.push({ file: fileOf('setting', key), document: { kind: 'setting', key, value } })
  for (const rule of await client.all<StoredRule>('/alert-rules')) {
    if (!wanted(rule.name)) continue
    exported.push({ file: fileOf('alertRule', rule.name), document: { kind: 'alertRule', ...documentOf(rule) } })
  }
  warnOfMasks(exported, output.note)
  if (options.output === undefined) {
    const documents = exported.map(({ document }) => document)
    return output.result({ documents }, () => documents.map((document) => stringify(document)).join('---\n'))
  }
  const folder = options.output
  mkdirSync(folder, { recursive: true })
  for (const { file, document } of exported) writeFileSync(join(folder, file), stringify(document))
  const files = exported.map(({ file }) => join(folder, file))
  output.result({ files }, () => (files.length === 0 ? 'nothing to export' : files.join('\n')))
}

interface Setting {
  readonly key: string
  readonly value: string | null
  readonly defaultValue: string | null
  readonly type: string
  readonly readonly: boolean
  readonly encrypted: boolean
}

/** Those that are not as in a new catalogue; encrypted ones are never read. Only ADMIN sees any. */
async function changedSettings(
  client: Client,
): Promise<readonly { readonly key: string; readonly value: string | number | boolean }[]> {
  const items = await client.get<{ items: readonly Setting[] }>('/system-configs').then(
    (answer) => answer.items,
    (error: unknown) => {
      if (['not.found', 'permission.denied'].includes(reportError(error).code)) return []
      throw error
    },
  )
  return items
    .filter(({ value, defaultValue, readonly, encrypted }) => !readonly && !encrypted && value !== defaultValue)
    .map(({ key, type, value }) => ({ key, value: typed(type, value ?? '') }))
}

function typed(type: string, value: string): string | number | boolean {
  if (type === 'INT') return Number(value)
  return type === 'BOOLEAN' ? value === 'true' : value
}

/** What is masked means "as stored" on the same server; another one has nothing stored. */
function warnOfMasks(exported: readonly Exported[], note: Context['output']['note']): void {
  const masked = exported.filter(({ document }) => JSON.stringify(document).includes(MASK)).map(({ file }) => file)
  if (masked.length === 0) return
  note(`warning: secrets are masked in ${masked.join(', ')}; for another server write them again, as \${secret:NAME}`)
}

/** Names may hold anything; file names may not. */
function fileOf(kind: string, name: string): string {
  return `${kind}-${name.replaceAll(/[^A-Za-z0-9._-]+/g, '_')}.yaml`
}
