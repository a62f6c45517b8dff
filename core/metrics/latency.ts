/** How long records are on their way, by their own time. */
import type { CheckpointCommit } from '../execution/journal.js'
import type { JobGraph } from '../graph/job-graph.js'

/**
 * How old the newest record of an epoch was when it was committed: of several nodes that name a watermark, and have had
 * records, the one that is furthest behind. null: there is none. Milliseconds; clocks that go ahead give 0.
 */
export function latencyMsOf(
  { stream }: JobGraph,
  { watermarks, counters }: Pick<CheckpointCommit, 'watermarks' | 'counters'>,
  committedMs: number,
): number | null {
  const lags = stream.nodes.flatMap(({ id, watermark }) => {
    const at = watermarks?.[id]?.at ?? null
    if (watermark === null || at === null || (counters[id]?.out ?? 0) === 0) return []
    // A watermark stands this far before the newest time that it has seen.
    return [committedMs - (at + watermark.outOfOrdernessMs + 1)]
  })
  return lags.length === 0 ? null : Math.max(0, ...lags)
}
