/** `etl connectors`, `etl operators`: what jobs can be built from. */
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { table } from '../output.js'

interface Described {
  readonly name?: string
  readonly type?: string
  readonly summary: string
}

interface Connector extends Described {
  readonly name: string
  readonly source: boolean
  readonly sink: boolean
  readonly connectorVersion: string | null
  readonly isBuiltin: boolean
  readonly isEnabled: boolean
  readonly version: number
}

export async function connectors({ output, variables }: Context): Promise<void> {
  const { items } = await connect(variables).get<{ items: readonly Connector[] }>('/connectors')
  const rows = items.map((one) => [
    one.name,
    one.source ? 'yes' : '-',
    one.sink ? 'yes' : '-',
    one.isBuiltin ? '' : `custom ${one.connectorVersion ?? ''}${one.isEnabled ? '' : ', disabled'}`,
    one.summary,
  ])
  output.result({ items }, () => table(['connector', 'source', 'sink', '', 'what it is'], rows))
}

export async function showConnector({ output, variables }: Context, name: string): Promise<void> {
  const found = await connect(variables).get<Described>(`/connectors/${encodeURIComponent(name)}`)
  output.result(found, () => JSON.stringify(found, null, 2))
}

/** `class`: `module#export`. */
export async function registerConnector(
  { output, variables }: Context,
  connectorClass: string,
  options: { readonly disabled?: boolean },
): Promise<void> {
  const body = { class: connectorClass, enabled: options.disabled !== true }
  const made = await connect(variables).send<Connector>('POST', '/connectors', body)
  output.result(made, () => `${told(made)}: tried, and ${made.isEnabled ? 'enabled' : 'kept disabled'}`)
}

/** Tried again, which is how a new version of it is taken up. */
export async function enableConnector(
  context: Context,
  name: string,
  options: { readonly class?: string },
): Promise<void> {
  await change(context, name, { enabled: true, ...(options.class === undefined ? {} : { class: options.class }) })
}

export async function disableConnector(context: Context, name: string): Promise<void> {
  await change(context, name, { enabled: false })
}

async function change({ output, variables }: Context, name: string, wanted: object): Promise<void> {
  const client = connect(variables)
  const path = `/connectors/${encodeURIComponent(name)}`
  const { version } = await client.get<Connector>(path)
  const made = await client.send<Connector>('PUT', path, { ...wanted, version })
  output.result(made, () => `${told(made)}: ${made.isEnabled ? 'tried, and enabled' : 'disabled'}`)
}

export async function deleteConnector({ output, variables }: Context, name: string): Promise<void> {
  await connect(variables).send('DELETE', `/connectors/${encodeURIComponent(name)}`)
  output.result({ name, deleted: true }, () => `${name} deleted`)
}

const told = ({ name, connectorVersion }: Connector) => `${name} ${connectorVersion ?? ''}`

export async function operators({ output, variables }: Context): Promise<void> {
  const { items } = await connect(variables).get<{ items: readonly Described[] }>('/operators')
  output.result({ items }, () =>
    table(
      ['operator', 'what it does'],
      items.map((one) => [one.type, one.summary]),
    ),
  )
}

export async function showOperator({ output, variables }: Context, type: string): Promise<void> {
  const found = await connect(variables).get<Described>(`/operators/${encodeURIComponent(type.toUpperCase())}`)
  output.result(found, () => JSON.stringify(found, null, 2))
}
