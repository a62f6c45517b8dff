/** One node of a spec, checked against what it names: its config, its connection, its source or target, its types. */
import type { Connector } from '../../connectors/spi.js'
import { hasField } from '../../core/config/fields.js'
import type { ConfigSchema } from '../../core/config/schema.js'
import { toJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { StreamNode } from '../../core/graph/stream-graph.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { EngineParts } from '../engine.js'
import { openSink, openSource } from '../open-node.js'
import { resolveConfig, tryResolveConfig, type Values } from '../resolve-config.js'
import { openReferences } from './sample-values.js'

/** A node with its place in the spec; its schema is still to be found. */
export interface SpecNode {
  readonly node: Omit<StreamNode, 'schema'>
  readonly pointer: string
}

export interface Looking {
  readonly parts: EngineParts
  readonly mode: 'BATCH' | 'STREAMING'
  readonly values: Values
  /** Parameters without a value yet. */
  readonly open: ReadonlySet<string>
  readonly signal: AbortSignal
}

export type Found = { readonly schema: Schema; readonly problems: readonly Problem[]; readonly config: unknown }

/** `schema` null: could not be told, for the reasons given. */
export type Answer = Found | { readonly schema: null; readonly problems: readonly Problem[] }

export async function checkSource({ node, pointer }: SpecNode, looking: Looking): Promise<Answer> {
  const { parts, values, signal, open } = looking
  const connector = parts.connectors.find((candidate) => candidate.name === node.kind)
  // A connector that is not known has been told of before.
  if (connector?.source === undefined) return { schema: null, problems: [] }
  const problems = await configProblems(connector.source.config, connector, { node, pointer }, looking)
  if (problems.length > 0) return { schema: null, problems }
  try {
    const source = await openSource({ ...node, schema: [] }, values, parts, signal)
    return { schema: await source.schema(), problems: [], config: node.config }
  } catch (error) {
    const found = toProblem(error, { node, pointer }, guessField(node.config))
    const unknown = openReferences(node.config, open)
    const hint = `${unknown.join(', ')} has no value yet: declare \`columns\`, or give the parameter a default.`
    return { schema: null, problems: [unknown.length === 0 ? found : { ...found, hint }] }
  }
}

export async function checkSink(
  { node, pointer }: SpecNode,
  input: Schema | null,
  looking: Looking,
): Promise<readonly Problem[]> {
  const { parts, values, signal } = looking
  const connector = parts.connectors.find((candidate) => candidate.name === node.kind)
  if (connector?.sink === undefined) return []
  const problems = await configProblems(connector.sink.config, connector, { node, pointer }, looking)
  if (problems.length > 0 || input === null) return problems
  try {
    const sink = await openSink({ ...node, schema: input }, values, parts, signal)
    const found = await sink.check(input)
    return found.map((problem) => ({ ...problem, nodeId: node.id, pointer: within(pointer, problem.pointer) }))
  } catch (error) {
    return [toProblem(error, { node, pointer }, guessField(node.config))]
  }
}

/** What has to come to the same subtask of a sink, spelled as the columns are. */
export async function sinkKey({ node }: SpecNode, input: Schema, { parts, values }: Looking): Promise<string[] | null> {
  const sink = parts.connectors.find((candidate) => candidate.name === node.kind)?.sink
  if (sink?.key === undefined) return null
  const key = sink.key(await resolveConfig(sink.config, node.config, values, parts))
  return key?.map((name) => input.find((column) => sameName(column.name, name))?.name ?? name) ?? null
}

/** What is found of a source goes into its config: it is inferred once, when the job is saved. */
export function withColumns(config: StreamNode['config'], schema: Schema, source: ConfigSchema): StreamNode['config'] {
  if (config.columns !== undefined || !hasField(source, 'columns')) return config
  const columns = Object.fromEntries(schema.map((column) => [column.name, column.type]))
  // An object keeps neither two keys of one name nor the order of keys that are numbers.
  const kept = Object.keys(columns).every((name, index) => name === schema[index]?.name)
  return kept && source.safeParse({ ...config, columns }).success ? { ...config, columns } : config
}

async function configProblems(
  schema: ConfigSchema,
  connector: Connector,
  { node, pointer }: SpecNode,
  { parts, values }: Looking,
): Promise<Problem[]> {
  const resolved = await tryResolveConfig(schema, node.config, values, parts)
  const problems = resolved.ok ? [] : placed(resolved.problems, node.id, `${pointer}/config`)
  return [...problems, ...(await connectionProblems(connector, { node, pointer }, { parts, values }))]
}

/** A name is looked up, an object stands for itself. */
async function connectionProblems(
  connector: Connector,
  { node, pointer }: SpecNode,
  { parts, values }: Pick<Looking, 'parts' | 'values'>,
): Promise<Problem[]> {
  const given = node.config.connection
  if (connector.connection === undefined || given === undefined || given === null) return []
  const at = `${pointer}/config/connection`
  let raw = given
  if (typeof given === 'string') {
    try {
      raw = await parts.connection(given)
    } catch (error) {
      return [{ ...toProblem(error, { node, pointer }, ''), pointer: at }]
    }
  }
  const resolved = await tryResolveConfig(connector.connection.config, raw, values, parts)
  if (resolved.ok) return []
  // Fields of a connection that is only named here are not in this document.
  if (typeof given !== 'string') return placed(resolved.problems, node.id, at)
  return resolved.problems.map((problem) => ({
    ...problem,
    nodeId: node.id,
    pointer: at,
    message: `Connection \`${given}\`, ${problem.pointer || 'as a whole'}: ${problem.message}`,
  }))
}

/** Where no field is named, the one that says what is read or written. */
function guessField(config: StreamNode['config']): string {
  const field = ['path', 'table', 'query', 'topic', 'url'].find((name) => config[name] !== undefined)
  return field === undefined ? '' : pointerTo([field])
}

export function toProblem(error: unknown, { node, pointer }: SpecNode, field: string): Problem {
  const { code, message, hint = null, pointer: own } = toJobError(error)
  return { pointer: within(pointer, own ?? field), nodeId: node.id, code, message, hint }
}

function within(pointer: string, own: string): string {
  return own.startsWith(pointer) ? own : `${pointer}/config${own}`
}

export function placed(problems: readonly Problem[], nodeId: string, pointer: string): Problem[] {
  return problems.map((problem) => ({ ...problem, nodeId, pointer: pointer + problem.pointer }))
}
