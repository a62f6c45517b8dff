/** The current graphs of a job as rows: what runs, and why it was chained as it was. */
import type { Transaction } from 'sequelize'
import type { JobGraph, Vertex } from '../../../core/graph/job-graph.js'
import type { Database } from '../../database.js'
import type { OptimizationInfo } from '../../tables/graphs.js'

export interface GraphPlace {
  readonly jobId: string
  readonly jobVersion: number
  readonly name: string
  readonly streamGraphId: string
  readonly jobGraphId: string
  readonly graph: JobGraph
}

/** Replaces those of the version before. The job row must be locked. */
export async function storeGraphs(db: Database, transaction: Transaction, place: GraphPlace): Promise<void> {
  const { jobId } = place
  for (const table of [db.tables.streamGraph, db.tables.jobGraph, db.tables.graphNode, db.tables.graphEdge] as const)
    await (table as typeof db.tables.streamGraph).destroy({ where: { jobId }, transaction })
  await db.tables.streamGraph.create(streamGraphRow(place), { transaction })
  await db.tables.jobGraph.create(jobGraphRow(place), { transaction })
  await db.tables.graphNode.bulkCreate(nodeRows(place), { transaction })
  const edges = edgeRows(place)
  if (edges.length > 0) await db.tables.graphEdge.bulkCreate(edges, { transaction })
}

function streamGraphRow({ jobId, jobVersion, name, streamGraphId, graph }: GraphPlace) {
  return {
    graphId: streamGraphId,
    jobId,
    jobVersion,
    graphName: name,
    graphJson: graph.stream,
    nodeCount: graph.stream.nodes.length,
    edgeCount: graph.stream.edges.length,
  }
}

function jobGraphRow({ jobId, jobVersion, name, streamGraphId, jobGraphId, graph }: GraphPlace) {
  const { stream: _stream, ...physical } = graph
  return {
    graphId: jobGraphId,
    streamGraphId,
    jobId,
    jobVersion,
    graphName: name,
    graphJson: physical,
    vertexCount: graph.vertices.length,
    edgeCount: graph.edges.length,
    optimizationInfo: optimizationInfo(graph),
  }
}

function optimizationInfo({ vertices, notChained, phases }: JobGraph): OptimizationInfo {
  return {
    chains: vertices.map(({ id, name, chain, parallelism }) => ({ vertexId: id, name, nodes: chain, parallelism })),
    notChained,
    phases,
    resources: Object.fromEntries(vertices.map(({ id, parallelism }) => [id, { slots: parallelism }])),
  }
}

function nodeRows({ jobId, streamGraphId, jobGraphId, graph }: GraphPlace) {
  const vertexOf = new Map<string, Vertex>()
  for (const vertex of graph.vertices) for (const nodeId of vertex.chain) vertexOf.set(nodeId, vertex)
  return graph.stream.nodes.map((node) => {
    const vertex = vertexOf.get(node.id)
    const isOperator = node.nodeType === 'OPERATOR'
    return {
      jobId,
      graphId: streamGraphId,
      jobGraphId,
      nodeId: node.id,
      nodeName: node.name,
      description: node.description,
      nodeType: node.nodeType,
      operatorType: isOperator ? node.kind : null,
      connectorName: isOperator ? null : node.kind,
      parallelism: node.parallelism,
      chaining: node.chaining,
      isChained: (vertex?.chain.length ?? 1) > 1,
      chainHeadId: vertex?.id ?? node.id,
      chainPosition: Math.max(vertex?.chain.indexOf(node.id) ?? 0, 0),
      config: node.config,
      outputSchema: node.schema,
      watermark: node.watermark,
    }
  })
}

function edgeRows({ jobId, streamGraphId, jobGraphId, graph }: GraphPlace) {
  const refusals = new Map(graph.notChained.map((refusal) => [refusal.edgeId, refusal]))
  return graph.stream.edges.map((edge) => {
    const refusal = refusals.get(edge.id)
    return {
      jobId,
      graphId: streamGraphId,
      jobGraphId,
      edgeId: edge.id,
      sourceNodeId: edge.from,
      sourceOutput: edge.output,
      targetNodeId: edge.to,
      targetPort: edge.port,
      edgeType: edge.edgeType,
      partitionStrategy: edge.partitionStrategy,
      partitionKey: edge.key,
      partitionExpression: edge.expression,
      isBlocking: edge.blocking,
      isChained: refusal === undefined,
      chainRule: refusal?.rule ?? null,
      chainReason: refusal?.reason ?? null,
    }
  })
}
