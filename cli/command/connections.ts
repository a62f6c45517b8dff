/** `etl connections`. */
import { JobError } from '../../core/errors/job-error.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { table } from '../output.js'

interface Connection {
  readonly connectionId: string
  readonly name: string
  readonly connector: string
  readonly usage: string
  readonly lastTest: { readonly status: string } | null
}

export async function connections({ output, variables }: Context): Promise<void> {
  const items = await connect(variables).all<Connection>('/connections')
  const rows = items.map((one) => [
    one.name,
    one.connector,
    one.usage,
    one.lastTest?.status ?? 'never',
    one.connectionId,
  ])
  output.result({ items }, () => table(['name', 'connector', 'usage', 'test', 'id'], rows))
}

/** Exit code 1 where it cannot be used. */
export async function testConnection({ output, variables }: Context, name: string): Promise<number> {
  const client = connect(variables)
  const found = await client.send<{ status: string; message: string; hint: string | null }>(
    'POST',
    `${await pathOf(client, name)}/test`,
  )
  const hint = found.hint === null ? '' : `\n  hint: ${found.hint}`
  output.result({ name, ...found }, () => `${name}: ${found.status}, ${found.message}${hint}`)
  return found.status === 'OK' ? 0 : 1
}

interface Discovered {
  readonly name: string
  readonly kind: string
  readonly columns: readonly { readonly name: string; readonly type: string }[] | null
}

export async function discover({ output, variables }: Context, name: string): Promise<void> {
  const client = connect(variables)
  const path = await pathOf(client, name)
  const { items } = await client.send<{ items: readonly Discovered[] }>('POST', `${path}/discover`)
  const rows = items.map((one) => [
    one.name,
    one.kind,
    one.columns?.map((column) => `${column.name} ${column.type}`).join(', ') ?? '',
  ])
  output.result({ items }, () => table(['name', 'kind', 'columns'], rows))
}

interface Use {
  readonly jobName: string
  readonly jobVersion: number
  readonly isCurrent: boolean
  readonly nodes: readonly { readonly id: string; readonly type: string }[]
  readonly executionIds: readonly string[]
}

export async function connectionUsage({ output, variables }: Context, name: string): Promise<void> {
  const client = connect(variables)
  const { items } = await client.get<{ items: readonly Use[] }>(`${await pathOf(client, name)}/usage`)
  const rows = items.map((one) => [
    one.jobName,
    `${one.jobVersion}${one.isCurrent ? '' : ' (older)'}`,
    one.nodes.map(({ id, type }) => `${type.toLowerCase()} ${id}`).join(', '),
    String(one.executionIds.length),
  ])
  output.result({ items }, () => table(['job', 'version', 'nodes', 'not ended'], rows))
}

export async function deleteConnection({ output, variables }: Context, name: string): Promise<void> {
  const client = connect(variables)
  await client.send('DELETE', await pathOf(client, name))
  output.result({ name, deleted: true }, () => `${name} deleted`)
}

async function pathOf(client: Client, name: string): Promise<string> {
  const { items } = await client.get<{ items: readonly Connection[] }>('/connections', { name })
  const [known] = items
  if (known !== undefined) return `/connections/${known.connectionId}`
  throw new JobError('not.found', `There is no connection ${name}`, { hint: '`etl connections` lists them.' })
}
