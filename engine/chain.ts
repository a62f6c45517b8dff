/** The part of a vertex's chain that is at work in a phase, compiled: what runs for each batch, and where it leads. */
import { JobError } from '../core/errors/job-error.js'
import { metColumn, type Output, outputsOnEdges, wantedWatermarks } from '../core/graph/event-time.js'
import type { JobGraph, Phase, Vertex } from '../core/graph/job-graph.js'
import type { StreamEdge, StreamNode } from '../core/graph/stream-graph.js'
import type { Schema } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import type { Compiled, Input, Operator, Setting } from '../operators/operator.js'
import type { Calling } from './call.js'
import type { ChainRun } from './chain-run.js'
import type { EngineParts } from './engine.js'
import { openOperator } from './open-node.js'
import { queryTables, type Values } from './resolve-config.js'
import { type Straight, straightThrough } from './straight.js'

/**
 * A chain works through tables of fixed names, one per place where a batch can stand, called points: the output of a
 * source or operator, and each edge by which records of other vertices arrive. Statements are compiled once an epoch.
 */
export interface Chain {
  readonly vertex: Vertex
  /** Nodes at work in this phase, each after its producer. */
  readonly nodes: readonly StreamNode[]
  readonly head: StreamNode
  /** Edges from other vertices into the head. */
  readonly ports: readonly Port[]
  readonly steps: readonly Step[]
  readonly outlets: readonly Outlet[]
  /** Of its nodes, those whose watermark somebody judges by. */
  readonly timed: ReadonlySet<string>
  /** What the head gives goes to one step only, which asks for it by name. */
  readonly readsByName: boolean
  /** It is one query, which its sink reads; null: it goes step by step. */
  readonly straight: Straight | null
}

export interface Port {
  readonly edge: StreamEdge
  readonly point: string
  /** Of its table. */
  readonly schema: Schema
}

/** One operator. */
export interface Step {
  readonly node: StreamNode
  readonly compiled: Compiled
  /** Of a FUNCTION, once there is a session. */
  readonly calling?: Calling
  /** Points whose batches it takes: one, or the head's ports. */
  readonly feeds: readonly string[]
  readonly inputs: readonly Input[]
  /** Build sides: read to their end in an earlier phase. */
  readonly builds: readonly Input[]
  /** The point where its output stands. */
  readonly point: string
  /** Where its late records stand; null: it has none. */
  readonly late: LateOutput | null
  /** Nodes whose watermarks come with its records. */
  readonly watermarks: readonly string[]
  /** Its output may stand as this view, as only one step asks for it, and by name. */
  readonly view: string | null
}

export interface LateOutput {
  readonly point: string
  /** SELECT over a batch. */
  readonly select: string
  /** Somebody takes them. */
  readonly isTaken: boolean
}

/** Where records leave the chain. `schema`: of the table at the point, where it crosses to another vertex. */
export type Outlet =
  | { readonly kind: 'SINK'; readonly point: string; readonly node: StreamNode; readonly isTimed: boolean }
  | { readonly kind: 'EDGE'; readonly point: string; readonly edge: StreamEdge; readonly schema: Schema }

export async function openChain(
  { graph, vertexId, phase, settings, plan }: ChainRun,
  values: Values,
  parts: EngineParts,
): Promise<Chain> {
  const vertex = graph.vertices.find((candidate) => candidate.id === vertexId)
  if (vertex === undefined) throw new JobError('internal', `The graph has no vertex ${vertexId}.`)
  const layout = new Layout(graph, vertex, phase, settings.type)
  const head = layout.nodes[0]
  if (head === undefined) throw new JobError('internal', `Nothing of vertex ${vertexId} runs in phase ${phase.number}.`)
  const operators = layout.nodes.filter((node) => node.nodeType === 'OPERATOR')
  const chain = {
    vertex,
    nodes: layout.nodes,
    head,
    ports: layout.ports(head),
    steps: await Promise.all(
      operators.map((node) => compileStep(node, { mode: settings.type, at: plan.at }, layout, values, parts)),
    ),
    outlets: layout.outlets(),
    timed: layout.timed(),
    readsByName: layout.isAskedByName(head, parts.operators),
  }
  const takesQueries = ({ kind }: StreamNode) =>
    parts.connectors.some(({ name, sink }) => name === kind && sink?.takesQueries === true)
  return { ...chain, straight: straightThrough(chain, takesQueries) }
}

/** Steps that a batch at `point` runs through, in order. */
export function stepsBelow(chain: Chain, point: string): Step[] {
  const reached = new Set([point])
  return chain.steps.filter((step) => {
    if (!step.feeds.some((feed) => reached.has(feed))) return false
    reached.add(step.point)
    if (step.late !== null) reached.add(step.late.point)
    return true
  })
}

/** The node whose output stands at a point of the chain. */
export function nodeAt(chain: Chain, point: string): string {
  const port = chain.ports.find((candidate) => candidate.point === point)
  if (port !== undefined) return port.edge.from
  return chain.steps.find((candidate) => candidate.point === point)?.node.id ?? chain.head.id
}

export function pointOf(node: Pick<StreamNode, 'id'>): string {
  return identifier(`batch ${node.id}`)
}

/** Every point where something can stand after a batch came in at one. */
export function pointsOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ point, late }) => (late === null ? [point] : [point, late.point]))
}

/** The columns of a table, with that of the watermark where it holds it. */
export function columnsOf({ schema, met }: Pick<Input, 'schema' | 'met'>): Schema {
  return met === null ? schema : [...schema, { name: metColumn, type: 'BIGINT' }]
}

async function compileStep(
  node: StreamNode,
  setting: Omit<Setting, 'nodeId'>,
  layout: Layout,
  values: Values,
  parts: EngineParts,
): Promise<Step> {
  const edges = layout.edgesInto(node)
  const tables = queryTables(edges.map((edge) => edge.port))
  const { operator, config } = await openOperator(node, { ...values, tables }, parts)
  const inputs = edges.map((edge) => layout.input(edge))
  const compiled = await operator.compile(config, inputs, { nodeId: node.id, ...setting })
  return {
    node,
    compiled,
    feeds: inputs.filter((_, index) => edges[index]?.blocking === false).map((input) => input.table),
    inputs,
    builds: inputs.filter((_, index) => edges[index]?.blocking === true),
    point: pointOf(node),
    late: compiled.late === undefined ? null : { ...layout.lateOutput(node), select: compiled.late },
    watermarks: layout.watermarksInto(node),
    view: layout.isAskedByName(node, parts.operators) ? (compiled.view ?? null) : null,
  }
}

class Layout {
  readonly nodes: readonly StreamNode[]
  private readonly byId: ReadonlyMap<string, StreamNode>
  private readonly active: ReadonlySet<string>
  private readonly fills: ReadonlySet<string>
  private readonly crossing: ReadonlySet<string>
  private readonly chained: ReadonlySet<string>
  private readonly outputs: ReadonlyMap<string, Output>
  private readonly wanted: ReadonlySet<string>

  constructor(
    private readonly graph: JobGraph,
    vertex: Vertex,
    phase: Phase,
    mode: Setting['mode'],
  ) {
    this.byId = new Map(graph.stream.nodes.map((node) => [node.id, node]))
    this.active = new Set(phase.nodes)
    this.fills = new Set(phase.fills)
    this.crossing = new Set(graph.edges.map((edge) => edge.streamEdgeId))
    this.chained = new Set(vertex.chain)
    this.outputs = outputsOnEdges(graph.stream)
    this.wanted = mode === 'BATCH' ? new Set() : wantedWatermarks(graph.stream, this.outputs)
    this.nodes = vertex.chain.filter((id) => this.active.has(id)).map((id) => this.node(id))
  }

  edgesInto(node: StreamNode): StreamEdge[] {
    return this.graph.stream.edges.filter((edge) => edge.to === node.id)
  }

  input(edge: StreamEdge): Input {
    const table = edge.blocking
      ? identifier(`build ${edge.to} ${edge.port}`)
      : this.isChained(edge)
        ? this.startOf(edge)
        : portPoint(edge)
    const { schema, time } = this.outputOn(edge)
    // Who names a watermark of its own gives the records another.
    const isKept = this.isTimed(edge) && this.node(edge.to).watermark === null
    return { port: edge.port, table, schema, time, met: isKept ? identifier(metColumn) : null }
  }

  ports(head: StreamNode): Port[] {
    return this.edgesInto(head)
      .filter((edge) => !edge.blocking && this.active.has(edge.from))
      .map((edge) => ({ edge, point: portPoint(edge), schema: this.tableOn(edge) }))
  }

  outlets(): Outlet[] {
    const outlets: Outlet[] = []
    for (const node of this.nodes) {
      if (node.nodeType === 'SINK') {
        // A sink that other vertices feed stands at the head: its batches come in at its ports.
        for (const edge of this.edgesInto(node))
          outlets.push({
            kind: 'SINK',
            node,
            point: this.isChained(edge) ? this.startOf(edge) : portPoint(edge),
            isTimed: this.isTimed(edge),
          })
        continue
      }
      for (const edge of this.graph.stream.edges)
        if (edge.from === node.id && this.leaves(edge))
          outlets.push({ kind: 'EDGE', edge, point: this.startOf(edge), schema: this.tableOn(edge) })
    }
    return outlets
  }

  timed(): ReadonlySet<string> {
    return new Set(this.nodes.filter((node) => this.isJudged(node)).map(({ id }) => id))
  }

  /** Somebody judges by the watermark that it names. */
  isJudged({ id }: StreamNode): boolean {
    return this.wanted.has(id)
  }

  watermarksInto(node: StreamNode): readonly string[] {
    return [...new Set(this.edgesInto(node).flatMap((edge) => (edge.blocking ? [] : this.outputOn(edge).watermarks)))]
  }

  lateOutput(node: StreamNode): Omit<LateOutput, 'select'> {
    const isTaken = this.graph.stream.edges.some(
      ({ from, to, output }) => from === node.id && output === 'late' && this.active.has(to),
    )
    return { point: latePoint(node.id), isTaken }
  }

  /** Its records go nowhere but to a port of this chain that names their columns. What they met is told over a table. */
  isAskedByName(node: StreamNode, operators: readonly Operator[]): boolean {
    if (this.isJudged(node)) return false
    const [edge, ...others] = this.graph.stream.edges.filter((candidate) => candidate.from === node.id)
    if (edge === undefined || others.length > 0 || !this.isChained(edge)) return false
    const ports = operators.find(({ type }) => type === this.node(edge.to).kind)?.ports
    return ports !== undefined && ports !== 'MANY' && ports.some(({ name, byName }) => name === edge.port && byName)
  }

  /** Where a chained edge begins. */
  private startOf(edge: StreamEdge): string {
    return edge.output === 'main' ? pointOf(this.node(edge.from)) : latePoint(edge.from)
  }

  private isTimed(edge: StreamEdge): boolean {
    return !edge.blocking && this.outputOn(edge).watermarks.some((id) => this.wanted.has(id))
  }

  private tableOn(edge: StreamEdge): Schema {
    const met = this.isTimed(edge) ? identifier(metColumn) : null
    return columnsOf({ schema: this.outputOn(edge).schema, met })
  }

  private outputOn(edge: StreamEdge): Output {
    const output = this.outputs.get(edge.id)
    if (output === undefined) throw new JobError('internal', `Nothing leads to the edge ${edge.id}.`)
    return output
  }

  private leaves(edge: StreamEdge): boolean {
    if (edge.blocking) return this.fills.has(edge.id)
    return this.active.has(edge.to) && !this.isChained(edge)
  }

  private isChained(edge: StreamEdge): boolean {
    return !edge.blocking && this.chained.has(edge.from) && this.chained.has(edge.to) && !this.crossing.has(edge.id)
  }

  private node(id: string): StreamNode {
    const node = this.byId.get(id)
    if (node === undefined) throw new JobError('internal', `The graph has no node ${id}.`)
    return node
  }
}

function portPoint(edge: StreamEdge): string {
  return identifier(`arrived ${edge.id}`)
}

const latePoint = (nodeId: string): string => identifier(`late ${nodeId}`)
