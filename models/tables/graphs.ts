/** Stream graph and job graph of each job, and their nodes and edges. */
import type { ChainRule, JobGraph } from '../../core/graph/job-graph.js'
import type {
  Chaining,
  EdgeType,
  NodeType,
  PartitionStrategy,
  StreamEdge,
  StreamGraph,
  Watermark,
} from '../../core/graph/stream-graph.js'
import type { Schema } from '../../core/record/schema.js'
import { flag, int, json, optional, type Row, rowId, text, time } from '../columns.js'

/** Which operators were chained, why the others were not, and what each vertex is given. */
export interface OptimizationInfo {
  readonly chains: readonly {
    readonly vertexId: string
    readonly name: string
    readonly nodes: readonly string[]
    readonly parallelism: number
  }[]
  readonly notChained: JobGraph['notChained']
  readonly phases: JobGraph['phases']
  readonly resources?: Readonly<Record<string, unknown>>
}

export const streamGraphColumns = {
  id: rowId(),
  graphId: text(),
  jobId: text(),
  jobVersion: int(),
  graphName: text(),
  graphJson: json<StreamGraph>(),
  nodeCount: int(),
  edgeCount: int(),
  createTime: time(),
  updateTime: time(),
}

export type StreamGraphRow = Row<typeof streamGraphColumns>

export const jobGraphColumns = {
  id: rowId(),
  graphId: text(),
  streamGraphId: text(),
  jobId: text(),
  jobVersion: int(),
  graphName: text(),
  graphJson: json<Omit<JobGraph, 'stream'>>(),
  vertexCount: int(),
  edgeCount: int(),
  optimizationInfo: json<OptimizationInfo>(),
  createTime: time(),
  updateTime: time(),
}

export type JobGraphRow = Row<typeof jobGraphColumns>

export const graphNodeColumns = {
  id: rowId(),
  nodeId: text(),
  graphId: text(),
  jobGraphId: text(),
  jobId: text(),
  nodeName: text(),
  description: optional(text()),
  nodeType: text<NodeType>(),
  operatorType: optional(text()),
  connectorName: optional(text()),
  parallelism: int(),
  chaining: text<Chaining>(),
  isChained: flag(),
  chainHeadId: text(),
  chainPosition: int(),
  config: json<Readonly<Record<string, unknown>>>(),
  outputSchema: json<Schema>(),
  watermark: optional(json<Watermark>()),
  createTime: time(),
  updateTime: time(),
}

export type GraphNodeRow = Row<typeof graphNodeColumns>

export const graphEdgeColumns = {
  id: rowId(),
  edgeId: text(),
  graphId: text(),
  jobGraphId: text(),
  jobId: text(),
  sourceNodeId: text(),
  sourceOutput: text<StreamEdge['output']>(),
  targetNodeId: text(),
  targetPort: text(),
  edgeType: text<EdgeType>(),
  partitionStrategy: optional(text<PartitionStrategy>()),
  partitionKey: optional(json<readonly string[]>()),
  partitionExpression: optional(text()),
  isBlocking: flag(),
  isChained: flag(),
  chainRule: optional(text<ChainRule>()),
  chainReason: optional(text()),
  createTime: time(),
  updateTime: time(),
}

export type GraphEdgeRow = Row<typeof graphEdgeColumns>
