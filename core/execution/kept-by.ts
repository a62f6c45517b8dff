/** What a node was when its state was written: whether a later graph can go on with it is told by this. */
import { JobError } from '../errors/job-error.js'
import { type Output, outputsOnEdges } from '../graph/event-time.js'
import type { JobGraph } from '../graph/job-graph.js'
import type { StreamEdge, StreamNode } from '../graph/stream-graph.js'
import { sameName } from '../record/schema.js'

export interface KeptBy {
  /** AGGREGATE, JOIN, … */
  readonly kind: string
  /** What the state depends on in the node's config, as JSON: the order of its columns may be that of a map. */
  readonly settings: Readonly<Record<string, string>>
  readonly dealt: Dealt
  /** The same for all subtasks: each takes what any of them knew. */
  readonly everywhere?: true
}

/** How records were dealt to the subtasks, and with them the state. */
export interface Dealt {
  readonly parallelism: number
  readonly maxParallelism: number
  /** The columns whose hash decided; null: something else did. */
  readonly key: readonly string[] | null
  /** Of each of them on every port that is hashed: equal keys of different types have to meet. */
  readonly types: readonly string[]
}

/** `port`: that of a build side, whose records are kept as they came; absent: the state of the operator itself. */
export function keptBy(graph: JobGraph, nodeId: string, port?: string): KeptBy {
  const node = graph.stream.nodes.find(({ id }) => id === nodeId)
  if (node === undefined) throw new JobError('internal', `The graph has no node ${nodeId}.`)
  const edges = graph.stream.edges.filter(({ to }) => to === node.id)
  const edge = port === undefined ? edges.find(({ blocking }) => !blocking) : edges.find((one) => one.port === port)
  return {
    kind: node.kind,
    settings: port === undefined ? settingsOf(node) : {},
    dealt: {
      parallelism: node.parallelism,
      maxParallelism: graph.maxParallelism,
      key: edge?.partitionStrategy === 'HASH' ? edge.key : null,
      types: typesOf(edges, outputsOnEdges(graph.stream)),
    },
  }
}

/** With one subtask there is nothing to deal. */
export function isDealtAlike(a: Dealt, b: Dealt): boolean {
  if (a.parallelism !== b.parallelism) return false
  return a.parallelism === 1 || textOf(a) === textOf(b)
}

/** Of other operators, any config can go on with the state. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  AGGREGATE: ['groupBy', 'aggregates'],
  WINDOW: ['type', 'size', 'slide', 'offset', 'gap', 'groupBy', 'aggregates'],
  DEDUPLICATE: ['key', 'keep', 'orderBy'],
  JOIN: ['type', 'on', 'within'],
}

function settingsOf({ kind, config }: StreamNode): Readonly<Record<string, string>> {
  const names = SETTINGS[kind] ?? []
  return Object.fromEntries(
    names.flatMap((name) => (config[name] === undefined ? [] : [[name, JSON.stringify(config[name])]])),
  )
}

function typesOf(edges: readonly StreamEdge[], outputs: ReadonlyMap<string, Output>): string[] {
  return edges
    .filter(({ partitionStrategy }) => partitionStrategy === 'HASH')
    .map(({ id, key }) => key.map((name) => typeOf(outputs.get(id), name)).join(' '))
}

function typeOf(output: Output | undefined, name: string): string {
  return output?.schema.find((column) => sameName(column.name, name))?.type ?? ''
}

const textOf = ({ maxParallelism, key, types }: Dealt): string =>
  JSON.stringify([maxParallelism, key?.map((name) => name.toLowerCase()), types])
