/** Finds the columns of every node, from the sources down; what hangs on a node that failed is passed over. */
import type { Problem } from '../../core/errors/problem.js'
import type { GraphNode } from '../../core/graph/build-stream-graph.js'
import { isTime, metColumn, type Output, type Outputs, outputsOf } from '../../core/graph/event-time.js'
import { topologicalOrder } from '../../core/graph/order.js'
import type { Chaining, NodeType, Watermark } from '../../core/graph/stream-graph.js'
import { groupBy } from '../../core/group-by.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { parseDuration } from '../../core/spec/duration.js'
import { isObject, type Outline, type OutlineNode } from '../../core/spec/outline.js'
import type { SpecEdge } from '../../core/spec/resolve-edges.js'
import type { Session } from '../../duckdb/session.js'
import type { BoundInput } from './bind-node.js'
import { type Answer, checkSink, checkSource, type Looking, type SpecNode, sinkKey, withColumns } from './check-node.js'
import { checkOperator, checkPartition, columnProblem, tryResolveOperator } from './check-operator.js'

export interface Untyped {
  readonly spec: Readonly<Record<string, unknown>>
  readonly outline: Outline
  readonly edges: readonly SpecEdge[]
  readonly session: () => Promise<Session>
}

export interface Typed {
  readonly nodes: readonly GraphNode[]
  readonly problems: readonly Problem[]
}

export async function deriveTypes(untyped: Untyped, looking: Looking): Promise<Typed> {
  const nodes = new Map(untyped.outline.nodes.filter((node) => node.id !== '').map((node) => [node.id, node]))
  const derivation = new Derivation(untyped, looking)
  const { order } = topologicalOrder([...nodes.keys()], untyped.edges)
  const ordered = order.map((id) => nodes.get(id)!)
  const ofKind = (kind: OutlineNode['kind']) => ordered.filter((node) => node.kind === kind)
  if (ofKind('operator').length > 0) void untyped.session().catch(() => undefined)
  await Promise.all(ofKind('source').map((node) => derivation.source(node)))
  for (const node of ofKind('operator')) await derivation.operator(node)
  await Promise.all(ofKind('sink').map((node) => derivation.sink(node)))
  await derivation.edges()
  return {
    nodes: untyped.outline.nodes.flatMap((node) => derivation.nodes.get(node.id) ?? []),
    problems: derivation.problems,
  }
}

class Derivation {
  readonly nodes = new Map<string, GraphNode>()
  private readonly outputs = new Map<string, Outputs>()
  readonly problems: Problem[] = []

  constructor(
    private readonly untyped: Untyped,
    private readonly looking: Looking,
  ) {}

  async source(node: OutlineNode): Promise<void> {
    const answer = await checkSource(this.specNode(node), this.looking)
    const schema = this.take(node, answer)
    if (schema === null) return
    const connector = this.looking.parts.connectors.find((candidate) => candidate.name === node.name)
    const config =
      connector?.source === undefined ? node.config : withColumns(node.config, schema, connector.source.config)
    this.add({ ...this.specNode(node).node, config, schema, keys: null }, [])
  }

  async operator(node: OutlineNode): Promise<void> {
    const inputs = this.inputsOf(node)
    const spec = this.specNode(node)
    if (inputs === null) {
      const ports = this.edgesInto(node)
      const resolved = await tryResolveOperator(spec, ports, this.looking)
      if (!resolved.ok) this.problems.push(...resolved.problems)
      return
    }
    const answer = await checkOperator(spec, inputs, await this.untyped.session(), this.looking)
    const schema = this.take(node, answer)
    if (schema === null || answer.schema === null) return
    const operator = this.looking.parts.operators.find((candidate) => candidate.type === node.name)
    this.add({ ...spec.node, schema, keys: operator?.key?.(answer.config, this.looking.mode) ?? null }, inputs)
  }

  async sink(node: OutlineNode): Promise<void> {
    const spec = this.specNode(node)
    const schema = this.inputsOf(node)?.[0]?.schema ?? null
    const found = [...(await checkSink(spec, schema, this.looking)), ...this.deliveryProblems(node)]
    this.problems.push(...found)
    if (schema === null) return
    const key = found.length === 0 ? await sinkKey(spec, schema, this.looking) : null
    this.add({ ...spec.node, schema, keys: key === null ? null : { input: key } }, [])
  }

  async edges(): Promise<void> {
    for (const { from, output, to, spelled } of this.untyped.edges) {
      const schema = this.outputs.get(from)?.[output]?.schema
      if (spelled === null || schema === undefined) continue
      const pointer = `/edges/${spelled.index}`
      for (const [index, name] of spelled.key.entries()) {
        const found = columnProblem(name, schema, to, `${pointer}/key/${index}`)
        if (found !== null) this.problems.push(found)
      }
      if (spelled.expression === null) continue
      const edge = { nodeId: to, pointer, schema, expression: spelled.expression }
      this.problems.push(...(await checkPartition(edge, await this.untyped.session(), this.looking)))
    }
  }

  /** The API refuses a silent downgrade (DESIGN, Delivery). */
  private deliveryProblems(node: OutlineNode): Problem[] {
    const kind = this.looking.parts.connectors.find((candidate) => candidate.name === node.name)?.sink
    const delivery = this.untyped.spec.delivery ?? 'EXACTLY_ONCE'
    if (kind === undefined || kind.guarantees.exactlyOnce || delivery !== 'EXACTLY_ONCE') return []
    const message = `The sink \`${node.name}\` cannot promise EXACTLY_ONCE.`
    const hint = 'Say `delivery: AT_LEAST_ONCE` if records may come twice.'
    return [{ pointer: `/nodes/${node.index}/sink`, nodeId: node.id, code: 'sink.unsupported', message, hint }]
  }

  private take(node: OutlineNode, { schema, problems }: Answer): Schema | null {
    this.problems.push(...problems)
    if (schema === null) return null
    const reserved = reservedProblem(schema, node)
    if (reserved !== null) {
      this.problems.push(reserved)
      return null
    }
    const { watermark } = this.specNode(node).node
    const found = watermark === null ? null : timeProblem(watermark, schema, node)
    if (found !== null) this.problems.push(found)
    return schema
  }

  private add(node: GraphNode, inputs: readonly Arrived[]): void {
    this.nodes.set(node.id, node)
    const arrivals = inputs.map(({ blocking, schema, time, watermarks }) => ({
      blocking,
      output: { schema, time, watermarks },
    }))
    this.outputs.set(node.id, outputsOf(node, arrivals))
  }

  /** null: not all of them are known. */
  private inputsOf(node: OutlineNode): readonly Arrived[] | null {
    const edges = this.edgesInto(node)
    const inputs = edges.flatMap(({ from, output, port, blocking }) => {
      const arriving: Output | null = this.outputs.get(from)?.[output] ?? null
      return arriving === null ? [] : [{ port, blocking, ...arriving }]
    })
    return edges.length === 0 || inputs.length < edges.length ? null : inputs
  }

  private edgesInto(node: OutlineNode): readonly SpecEdge[] {
    this.byConsumer ??= groupBy(this.untyped.edges, (edge) => edge.to)
    return this.byConsumer.get(node.id) ?? []
  }

  private byConsumer: Map<string, SpecEdge[]> | undefined

  private specNode(node: OutlineNode): SpecNode {
    const connector = this.looking.parts.connectors.find((candidate) => candidate.name === node.name)
    const kind = node.kind === 'operator' ? undefined : connector?.[node.kind]
    const asked = node.raw.parallelism ?? this.untyped.spec.parallelism ?? 1
    return specNode(node, kind?.guarantees.parallel === false ? 1 : asked)
  }
}

interface Arrived extends BoundInput {
  readonly blocking: boolean
}

const NODE_TYPES: Readonly<Record<OutlineNode['kind'], NodeType>> = {
  source: 'SOURCE',
  operator: 'OPERATOR',
  sink: 'SINK',
}

function specNode({ index, id, kind, name, config, raw }: OutlineNode, parallelism: unknown): SpecNode {
  const { name: label, description, chaining } = raw
  return {
    pointer: `/nodes/${index}`,
    node: {
      id,
      name: typeof label === 'string' ? label : id,
      description: typeof description === 'string' ? description : null,
      nodeType: NODE_TYPES[kind],
      kind: name,
      config,
      parallelism: typeof parallelism === 'number' ? parallelism : 1,
      chaining: typeof chaining === 'string' ? (chaining as Chaining) : 'ALWAYS',
      watermark: readWatermark(raw.watermark),
    },
  }
}

function readWatermark(raw: unknown): Watermark | null {
  if (!isObject(raw) || typeof raw.time !== 'string') return null
  const ms = (value: unknown) => (typeof value === 'string' ? parseDuration(value) : null)
  return { time: raw.time, outOfOrdernessMs: ms(raw.outOfOrderness) ?? 0, idleTimeoutMs: ms(raw.idleTimeout) }
}

/** DuckDB would take such a column for the place of a record within its batch, and records would be lost by it. */
function reservedProblem(schema: Schema, node: OutlineNode): Problem | null {
  const column = schema.find(({ name }) => reserved.has(name.toLowerCase()))
  if (column === undefined) return null
  const hint =
    node.kind === 'source'
      ? 'Give it another name where it comes from, or leave it out of what is read.'
      : 'Give it another name.'
  const message = `A column cannot have the name \`${column.name}\`: it means ${reserved.get(column.name.toLowerCase())}.`
  return { pointer: `/nodes/${node.index}/config`, nodeId: node.id, code: 'schema.mismatch', message, hint }
}

/** The last in Parquet files alone, in which records travel: DuckDB would not read one with such a column. */
const reserved: ReadonlyMap<string, string> = new Map([
  ['rowid', 'the place of a record'],
  [metColumn, 'how far event time had come'],
  ['file_row_number', 'the place of a record in a file'],
])

function timeProblem({ time }: Watermark, schema: Schema, node: OutlineNode): Problem | null {
  const pointer = `/nodes/${node.index}/watermark/time`
  const missing = columnProblem(time, schema, node.id, pointer)
  const type = schema.find((column) => sameName(column.name, time))?.type ?? ''
  if (missing !== null || isTime(type)) return missing
  const message = `Event time must be a TIMESTAMP, and \`${time}\` is ${type}.`
  return { pointer, nodeId: node.id, code: 'sql.invalid', message, hint: 'Cast it with MAP before.' }
}
