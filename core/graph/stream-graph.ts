import type { Schema } from '../record/schema.js'

/** What the user wrote: nodes and edges, with every default filled in and every output schema derived. */
export interface StreamGraph {
  readonly nodes: readonly StreamNode[]
  readonly edges: readonly StreamEdge[]
}

export type NodeType = 'SOURCE' | 'OPERATOR' | 'SINK'
export type Chaining = 'ALWAYS' | 'HEAD' | 'NEVER'

export interface StreamNode {
  /** Operator uid: state and metrics follow it. */
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly nodeType: NodeType
  /** Connector name of a source or sink (`file`), operator type of an operator (`FILTER`). */
  readonly kind: string
  /** As validated, `${…}` still in it: what it stands for is known only to an execution. */
  readonly config: Readonly<Record<string, unknown>>
  readonly parallelism: number
  readonly chaining: Chaining
  readonly watermark: Watermark | null
  /** Output columns; for a sink, the columns it receives. */
  readonly schema: Schema
  /** In a replay: a source that gives dead letters instead of what the node would give; null: none, it only stands there. */
  readonly replay?: { readonly id: string | null }
}

export interface Watermark {
  readonly time: string
  readonly outOfOrdernessMs: number
  readonly idleTimeoutMs: number | null
}

export type EdgeType = 'FORWARD' | 'SHUFFLE' | 'BROADCAST'
export type PartitionStrategy = 'HASH' | 'ROUND_ROBIN' | 'CUSTOM'

export interface StreamEdge {
  /** `from>to.port`: unique in the graph. */
  readonly id: string
  readonly from: string
  readonly output: 'main' | 'late'
  readonly to: string
  /** Input port of the consumer: `input`, `left`, `right`, or a name that the user chose. */
  readonly port: string
  readonly edgeType: EdgeType
  readonly partitionStrategy: PartitionStrategy | null
  readonly key: readonly string[]
  readonly expression: string | null
  /** A blocking port is read to its end in an earlier phase than everything below it (DESIGN, Phases). */
  readonly blocking: boolean
}
