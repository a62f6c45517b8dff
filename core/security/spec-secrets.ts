/** Secrets that a job holds itself: of inline connections and other settings of its nodes. */
import type { JobGraph } from '../graph/job-graph.js'
import { maskUnknown } from './mask-unknown.js'
import { MASK, mapSecrets, maskText, redact, type SchemaNode } from './secret-fields.js'

/** JSON Schema of a node's config, its inline connection included, by connector or operator; null: none is known. */
export type ConfigSchemas = (kind: string) => SchemaNode | null

/** Where a secret is: its place in the config of its node stays the same in every form of the job. */
export interface SecretPlace {
  readonly nodeId: string
  /** Within the config. */
  readonly field: string
}

export type ChangeSecret = (secret: string | number, place: SecretPlace) => unknown

type Fields = Readonly<Record<string, unknown>>

/** Of a spec as it was written; what has not the shape of one is left as it is. */
export function mapSpecSecrets<Spec extends object>(spec: Spec, schemas: ConfigSchemas, change: ChangeSecret): Spec {
  const { nodes } = spec as { readonly nodes?: unknown }
  if (!Array.isArray(nodes)) return spec
  const changed = nodes.map((node: unknown) => (isFields(node) ? mapNode(node, kindOf(node), schemas, change) : node))
  return { ...spec, nodes: changed }
}

export function mapGraphSecrets(graph: JobGraph, schemas: ConfigSchemas, change: ChangeSecret): JobGraph {
  const nodes = graph.stream.nodes.map((node) => mapNode(node, node.kind, schemas, change))
  return { ...graph, stream: { ...graph.stream, nodes } }
}

/** For answers and the audit. */
export function maskSpec(spec: object, schemas: ConfigSchemas): Fields {
  return redact(mapSpecSecrets(spec, schemas, (secret) => maskText(String(secret)))) as Fields
}

/** As it was sent, refused perhaps: what neither `shape` nor the schemas know is masked too. */
export function maskSentSpec(spec: object, shape: SchemaNode, schemas: ConfigSchemas): Fields {
  const known = maskUnknown(spec, shape) as Fields
  if (!Array.isArray(known.nodes)) return maskSpec(known, schemas)
  const nodes = known.nodes.map((node: unknown) => {
    if (!isFields(node) || !isFields(node.config)) return node
    const kind = kindOf(node)
    return { ...node, config: typeof kind === 'string' ? maskUnknown(node.config, schemas(kind)) : MASK }
  })
  return maskSpec({ ...known, nodes }, schemas)
}

export function maskGraph(graph: JobGraph, schemas: ConfigSchemas): JobGraph {
  return mapGraphSecrets(graph, schemas, (secret) => maskText(String(secret)))
}

function mapNode<Node extends object>(node: Node, kind: unknown, schemas: ConfigSchemas, change: ChangeSecret): Node {
  const { id, config } = node as { readonly id?: unknown; readonly config?: unknown }
  if (!isFields(config)) return node
  const schema = typeof kind === 'string' ? schemas(kind) : null
  const mapped = mapSecrets(config, schema, (_text, field, secret) => change(secret, { nodeId: String(id), field }))
  return { ...node, config: mapped }
}

function kindOf({ source, sink, operator }: Fields): unknown {
  return source ?? sink ?? operator
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
