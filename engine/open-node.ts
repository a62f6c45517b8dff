/** From a node of the graph to its source, sink or operator, with everything in its config resolved. */
import type { Connector, ConnectorContext, Sink, Source } from '../connectors/spi.js'
import type { ConfigSchema } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import type { JobSettings } from '../core/spec/settings.js'
import type { Operator } from '../operators/operator.js'
import type { EngineParts } from './engine.js'
import { replaySource } from './replay/replay-source.js'
import { resolveConfig, type Values } from './resolve-config.js'

/** What every call is told about the execution it works for. */
export interface ForExecution {
  readonly settings: JobSettings
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: string
  readonly executionId: string
}

/** `at` is the plan's time: what `now()` means (I9). */
export function valuesOf(run: ForExecution, at: string): Values {
  return {
    parameters: run.parameters,
    declarations: run.settings.parameters,
    logicalTime: run.logicalTime,
    executionId: run.executionId,
    now: at,
    job: { mode: run.settings.type, delivery: run.settings.delivery },
  }
}

export async function openSource(
  node: StreamNode,
  values: Values,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<Source> {
  const own = async () => await openOwnSource(node, values, parts, signal)
  return node.replay === undefined ? await own() : replaySource(node, own, parts)
}

/** Reading is left to whoever reads the views that it gives. */
export async function givesViews(node: StreamNode, values: Values, parts: EngineParts): Promise<boolean> {
  const source = node.replay === undefined ? (await connectorNamed(node.kind, parts)).source : undefined
  if (source?.givesViews === undefined) return false
  return source.givesViews(await resolveConfig(source.config, await revealed(node, values, parts), values, parts))
}

async function openOwnSource(
  node: StreamNode,
  values: Values,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<Source> {
  const connector = await connectorNamed(node.kind, parts)
  if (connector.source === undefined) throw lacks(node, `Connector ${node.kind} has no source.`)
  const config = await resolveConfig(connector.source.config, await revealed(node, values, parts), values, parts)
  return connector.source.open(
    config,
    await connectionOf(connector, config, values, parts),
    lend(parts, values, signal),
  )
}

export async function openSink(
  node: StreamNode,
  values: Values,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<Sink> {
  const connector = await connectorNamed(node.kind, parts)
  if (connector.sink === undefined) throw lacks(node, `Connector ${node.kind} has no sink.`)
  const config = await resolveConfig(connector.sink.config, await revealed(node, values, parts), values, parts)
  return connector.sink.open(config, await connectionOf(connector, config, values, parts), lend(parts, values, signal))
}

/** `values.tables`: the inputs that its SQL may name. */
export async function openOperator(
  node: StreamNode,
  values: Values,
  parts: EngineParts,
): Promise<{ readonly operator: Operator; readonly config: unknown }> {
  const operator = parts.operators.find((candidate) => candidate.type === node.kind)
  if (operator === undefined) throw lacks(node, `There is no operator ${node.kind}.`)
  return { operator, config: await resolveConfig(operator.config, await revealed(node, values, parts), values, parts) }
}

/** Only here, in the process that opens it, is a secret of a job in clear (I6). */
async function revealed({ id, config }: StreamNode, { executionId }: Values, parts: EngineParts) {
  return (await parts.reveal?.({ executionId, nodeId: id, config })) ?? config
}

async function connectorNamed(name: string, parts: EngineParts): Promise<Connector> {
  await parts.needConnectors?.([name])
  const connector = parts.connectors.find((candidate) => candidate.name === name)
  if (connector === undefined) throw new JobError('not.found', `There is no connector ${name}.`)
  return connector
}

/** A name is looked up, an object stands for itself; both are validated by the connector's own schema. */
async function connectionOf(
  connector: Connector,
  config: unknown,
  values: Values,
  parts: EngineParts,
): Promise<unknown> {
  const given = (config as { readonly connection?: unknown }).connection
  if (connector.connection === undefined || given === undefined || given === null) return null
  const raw = typeof given === 'string' ? await parts.connection(given) : given
  const schema: ConfigSchema = connector.connection.config
  return await resolveConfig(schema, raw as Readonly<Record<string, unknown>>, values, parts)
}

function lend(parts: EngineParts, { job }: Values, signal: AbortSignal): ConnectorContext {
  return { ...parts.files, signal, ...(job && { job }) }
}

function lacks(node: StreamNode, message: string): JobError {
  return new JobError('not.found', message, { nodeId: node.id })
}
