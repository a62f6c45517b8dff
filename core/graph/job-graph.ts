import type { StreamGraph } from './stream-graph.js'

/** What runs: the stream graph after chaining. */
export interface JobGraph {
  readonly stream: StreamGraph
  /** In topological order. */
  readonly vertices: readonly Vertex[]
  readonly edges: readonly VertexEdge[]
  /** Which vertices run, phase after phase; one vertex may run in several, each time with another part of its chain. */
  readonly phases: readonly Phase[]
  readonly maxParallelism: number
  /** For each stream edge that was not chained, the rule that refused it. */
  readonly notChained: readonly { readonly edgeId: string; readonly rule: ChainRule; readonly reason: string }[]
}

/** One chain: a tree of nodes with one head. */
export interface Vertex {
  /** The uid of the chain's head. */
  readonly id: string
  /** `flights→delayed→named→warehouse`, for people. */
  readonly name: string
  /** Node ids, head first, every node after its producer. */
  readonly chain: readonly string[]
  readonly parallelism: number
}

export interface VertexEdge {
  readonly streamEdgeId: string
  readonly from: string
  readonly to: string
}

export interface Phase {
  /** From 1. */
  readonly number: number
  /** The nodes at work in this phase: what leads to its blocking ports, or in the last phase to the sinks. */
  readonly nodes: readonly string[]
  /** Stages in order; the vertices of one stage may run side by side. */
  readonly stages: readonly (readonly string[])[]
  /** Stream edges into blocking ports that this phase fills. */
  readonly fills: readonly string[]
}

export type ChainRule =
  | 'NOT_FORWARD'
  | 'PARALLELISM_DIFFERS'
  | 'SEVERAL_INPUTS'
  | 'CHAINING_NEVER'
  | 'CHAINING_HEAD'
  | 'BLOCKING_PORT'
