/** A job is saved while its connections stay: whoever removes one waits, and then finds the job (see usage.ts). */
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { StreamNode } from '../../../core/graph/stream-graph.js'
import type { Database } from '../../database.js'
import type { ConnectorConfigRow } from '../../tables/connectors.js'

/** Throws where a connection is gone, belongs to another connector, or is not meant for this side. */
export async function holdConnections(
  db: Database,
  transaction: Transaction,
  { spec, graph }: { readonly spec: object; readonly graph: JobGraph },
): Promise<void> {
  const { nodes } = graph.stream
  const naming = nodes.filter(
    ({ nodeType, config }) => nodeType !== 'OPERATOR' && typeof config.connection === 'string',
  )
  if (naming.length === 0) return
  const names = [...new Set(naming.map(({ config }) => String(config.connection)))].sort()
  const rows = await db.tables.connectorConfig.findAll({
    where: { configName: names },
    order: [['id', 'ASC']],
    transaction,
    lock: transaction.LOCK.SHARE,
  })
  const known = new Map(rows.map((row) => [row.get().configName, row.get()]))
  for (const node of naming) refuseUnfit(node, known.get(String(node.config.connection)), pointerOf(node, spec))
}

function pointerOf({ id }: StreamNode, spec: object): string {
  const { nodes = [] } = spec as { readonly nodes?: readonly { readonly id?: unknown }[] }
  return `/nodes/${nodes.findIndex((node) => node.id === id)}/config/connection`
}

function refuseUnfit(
  { id, kind, nodeType, config }: StreamNode,
  row: ConnectorConfigRow | undefined,
  pointer: string,
): void {
  const name = String(config.connection)
  const at = { nodeId: id, pointer }
  if (row === undefined) throw new JobError('not.found', `There is no connection ${name}`, at)
  if (row.connectorName !== kind)
    throw new JobError('config.invalid', `Connection ${name} is one of ${row.connectorName}, and ${id} is ${kind}`, at)
  if (row.usageType === 'BOTH' || row.usageType === nodeType) return
  const hint = 'Change the `usage` of the connection, or name another one.'
  const only = row.usageType === 'SOURCE' ? 'sources' : 'sinks'
  throw new JobError('config.invalid', `Connection ${name} is meant for ${only} only`, { ...at, hint })
}
