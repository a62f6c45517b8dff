/** What sinks are told before the first epoch and after the last: for every sink of a graph. */
import type { Sink, SinkKey } from '../connectors/spi.js'
import { isJobError } from '../core/errors/job-error.js'
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

/**
 * The newest epoch that any subtask of any sink shows, 0 for none, once all are fenced: nobody with an older fence shows
 * one from then on (I1). Where no progress was ever prepared, nothing can be shown either.
 */
export async function newestMark(run: SinkRun, parts: EngineParts, fence: Fence, signal: AbortSignal): Promise<number> {
  let newest = 0
  for (const node of sinksOf(run.graph)) {
    const sink = await openSink(node, valuesOf(run, run.at), parts, signal)
    for (const key of keysOf(node, run.lineageId)) newest = Math.max(newest, await markOf(sink, key, fence, node))
  }
  return newest
}

async function markOf(sink: Sink, key: SinkKey, fence: Fence, node: StreamNode): Promise<number> {
  try {
    const open = await sink.open(key, fence, node.schema)
    await open.close()
    return open.committed?.epoch ?? 0
  } catch (error) {
    if (isJobError(error) && error.code === 'fenced') return 0
    throw error
  }
}

function sinksOf(graph: JobGraph): StreamNode[] {
  return graph.stream.nodes.filter((node) => node.nodeType === 'SINK')
}

function keysOf(node: StreamNode, lineageId: string): SinkKey[] {
  return Array.from({ length: node.parallelism }, (_, subtask) => ({ lineageId, sinkUid: node.id, subtask }))
}
