/** `etl connections`, `connectors`, `operators`. */
import { JobError } from '../../core/errors/job-error.js'
import { connect } from '../client.js'
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
  const { items } = await client.get<{ items: readonly Connection[] }>('/connections', { name })
  const [known] = items
  if (known === undefined)
    throw new JobError('not.found', `There is no connection ${name}`, { hint: '`etl connections` lists them.' })
  const found = await client.send<{ status: string; message: string; hint: string | null }>(
    'POST',
    `/connections/${known.connectionId}/test`,
  )
  const hint = found.hint === null ? '' : `\n  hint: ${found.hint}`
  output.result({ name, ...found }, () => `${name}: ${found.status}, ${found.message}${hint}`)
  return found.status === 'OK' ? 0 : 1
}

interface Described {
  readonly name?: string
  readonly type?: string
  readonly summary: string
}

export async function connectors({ output, variables }: Context): Promise<void> {
  const { items } = await connect(variables).get<{
    items: readonly (Described & { source: boolean; sink: boolean })[]
  }>('/connectors')
  const rows = items.map((one) => [one.name, one.source ? 'yes' : '-', one.sink ? 'yes' : '-', one.summary])
  output.result({ items }, () => table(['connector', 'source', 'sink', 'what it is'], rows))
}

export async function operators({ output, variables }: Context): Promise<void> {
  const { items } = await connect(variables).get<{ items: readonly Described[] }>('/operators')
  output.result({ items }, () =>
    table(
      ['operator', 'what it does'],
      items.map((one) => [one.type, one.summary]),
    ),
  )
}

export async function showConnector({ output, variables }: Context, name: string): Promise<void> {
  const found = await connect(variables).get<Described>(`/connectors/${encodeURIComponent(name)}`)
  output.result(found, () => JSON.stringify(found, null, 2))
}

export async function showOperator({ output, variables }: Context, type: string): Promise<void> {
  const found = await connect(variables).get<Described>(`/operators/${encodeURIComponent(type.toUpperCase())}`)
  output.result(found, () => JSON.stringify(found, null, 2))
}
