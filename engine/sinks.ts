/** What sinks are told before the first epoch and after the last: for every sink of a graph. */
import type { SinkKey } from '../connectors/spi.js'
import type { Fence } from '../core/execution/fence.js'
import type { JobGraph } from '../core/graph/job-graph.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import type { EngineParts } from './engine.js'
import { type ForExecution, openSink, valuesOf } from './open-node.js'

export interface SinkRun extends ForExecution {
  readonly graph: JobGraph
  readonly lineageId: string
  /** What `now()` means, ISO 8601. */
  readonly at: string
}

/** All DDL of the targets, and their progress rows: a generation's first act. Idempotent. */
export async function prepareSinks(run: SinkRun, parts: EngineParts, fence: Fence, signal: AbortSignal): Promise<void> {
  for (const node of sinksOf(run.graph)) {
    const sink = await openSink(node, valuesOf(run, run.at), parts, signal)
    await sink.prepare(keysOf(node, run.lineageId), node.schema, fence)
  }
}

/** Publishing, the swap of REPLACE, `replaceWhere`. Idempotent. */
export async function finishSinks(run: SinkRun, parts: EngineParts, fence: Fence, signal: AbortSignal): Promise<void> {
  for (const node of sinksOf(run.graph)) {
    const sink = await openSink(node, valuesOf(run, run.at), parts, signal)
    await sink.finish(keysOf(node, run.lineageId), fence)
  }
}

function sinksOf(graph: JobGraph): StreamNode[] {
  return graph.stream.nodes.filter((node) => node.nodeType === 'SINK')
}

function keysOf(node: StreamNode, lineageId: string): SinkKey[] {
  return Array.from({ length: node.parallelism }, (_, subtask) => ({ lineageId, sinkUid: node.id, subtask }))
}
