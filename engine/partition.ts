/** To which subtask of the consumer a record goes: a function of the record and its place, never of timing (I9). */
import { type Output, outputsOnEdges } from '../core/graph/event-time.js'
import type { JobGraph } from '../core/graph/job-graph.js'
import type { StreamEdge } from '../core/graph/stream-graph.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import { partitionConfig } from './config.js'
import type { EngineParts } from './engine.js'
import { resolveConfig, type Values } from './resolve-config.js'

export type Routing =
  /** Every record to each of these subtasks. */
  | { readonly kind: 'SAME'; readonly targets: readonly number[] }
  /** An SQL expression over a batch's table, which gives the subtask; `sent` records went before. */
  | { readonly kind: 'BY_RECORD'; readonly parallelism: number; readonly target: (sent: number) => string }

export async function routingOf(
  session: Session,
  graph: JobGraph,
  edge: StreamEdge,
  subtask: number,
  values: Values,
  parts: EngineParts,
): Promise<Routing> {
  const consumer = graph.stream.nodes.find((node) => node.id === edge.to)
  const parallelism = consumer?.parallelism ?? 1
  if (parallelism === 1) return { kind: 'SAME', targets: [0] }
  if (edge.edgeType === 'BROADCAST')
    return { kind: 'SAME', targets: Array.from({ length: parallelism }, (_, to) => to) }
  if (edge.edgeType === 'FORWARD') return { kind: 'SAME', targets: [subtask] }
  if (edge.partitionStrategy === 'CUSTOM') {
    const { expression } = await resolveConfig(partitionConfig, { expression: edge.expression }, values, parts)
    return { kind: 'BY_RECORD', parallelism, target: () => `(${expression})` }
  }
  if (edge.partitionStrategy === 'HASH' && edge.key.length > 0) {
    const target = await targetByKey(session, graph, edge, edge.key, parallelism)
    return { kind: 'BY_RECORD', parallelism, target: () => target }
  }
  return { kind: 'BY_RECORD', parallelism, target: (sent) => `((rowid + ${sent}) % ${parallelism})` }
}

/**
 * A condition: rows of state that belong to a subtask, as the records that come over a hashed edge do; null: all. `columns`
 * hold the edge's key.
 */
export async function ownRows(
  session: Session,
  graph: JobGraph,
  edge: StreamEdge,
  columns: readonly string[],
  subtask: number,
): Promise<string | null> {
  const parallelism = graph.stream.nodes.find((node) => node.id === edge.to)?.parallelism ?? 1
  if (parallelism === 1 || edge.partitionStrategy !== 'HASH') return null
  return `${await targetByKey(session, graph, edge, columns, parallelism)} = ${subtask}`
}

async function targetByKey(
  session: Session,
  graph: JobGraph,
  edge: StreamEdge,
  columns: readonly string[],
  parallelism: number,
): Promise<string> {
  const group = keyGroup(await keyTypes(session, graph, edge), columns, graph.maxParallelism)
  return `(${group} * ${parallelism} // ${graph.maxParallelism})`
}

/** The key group of a record. MD5 of the key as text: no version of DuckDB will change it. */
export function keyGroup(types: readonly string[], key: readonly string[], maxParallelism: number): string {
  const texts = key.map((column, index) => {
    const type = types[index] ?? 'VARCHAR'
    // Minus zero equals zero, and has to go where zero goes.
    const value = `CAST(${identifier(column)} AS ${type})${/^(FLOAT|DOUBLE)$/.test(type) ? ' + 0.0' : ''}`
    const asText = `CAST(${value} AS VARCHAR)`
    return `coalesce(length(${asText}) || ':' || ${asText}, '-')`
  })
  return `CAST(md5_number_lower(${texts.join(' || ')}) % ${maxParallelism} AS BIGINT)`
}

/** Equal keys of different types must meet: the type that each key column has in common over all hashed ports. */
async function keyTypes(session: Session, graph: JobGraph, edge: StreamEdge): Promise<string[]> {
  const ports = graph.stream.edges.filter((other) => other.to === edge.to && other.partitionStrategy === 'HASH')
  const outputs = outputsOnEdges(graph.stream)
  const common: string[] = []
  for (let index = 0; index < edge.key.length; index += 1) {
    const types = ports.map((port) => typeOfKey(outputs.get(port.id), port.key[index])).filter((type) => type !== null)
    const union = [...new Set(types)].map((type) => `SELECT CAST(NULL AS ${type}) AS key`).join(' UNION ALL ')
    common.push((await session.describe(union))[0]?.type ?? 'VARCHAR')
  }
  return common
}

function typeOfKey(output: Output | undefined, key: string | undefined): string | null {
  return output?.schema.find((column) => column.name.toLowerCase() === key?.toLowerCase())?.type ?? null
}
