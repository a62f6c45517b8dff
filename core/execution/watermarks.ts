/**
 * How far event time has come (DESIGN, Event time): at each node that names a watermark, by logical partition. Times are
 * milliseconds since 1970. A watermark of t says: records up to t are not expected any more.
 */
import type { JobGraph } from '../graph/job-graph.js'

export interface NodeWatermark {
  /** null: nowhere yet. Never goes back. */
  readonly at: number | null
  /** It holds nobody back: no partition is at work, and the idle time-out has passed. */
  readonly idle: boolean
  /** The plan's time of the last epoch with records, else of the first plan. */
  readonly lastMs: number
  /** Those that have begun and not ended. */
  readonly partitions: Readonly<Record<string, PartitionWatermark>>
}

export interface PartitionWatermark {
  readonly at: number | null
  readonly idle: boolean
  readonly lastMs: number
}

/** By node id. */
export type Watermarks = Readonly<Record<string, NodeWatermark>>

/** What an epoch has seen of a partition. */
export interface SeenPartition {
  /** The watermark after its last record; null: none has had a time. */
  readonly at: number | null
  readonly records: boolean
  /** Nothing will follow, ever. */
  readonly ended: boolean
}

export type SeenPartitions = Readonly<Record<string, SeenPartition>>

/** By node id. */
export type Seen = Readonly<Record<string, SeenPartitions>>

/**
 * A node's watermark after an epoch: the lowest of its partitions at work, and of none the highest that any has reached.
 * Partitions that are silent for the idle time-out are left aside, by the times of plans, so that nothing depends on when
 * a step runs (I9).
 */
export function advance(
  before: NodeWatermark | undefined,
  seen: SeenPartitions,
  planMs: number,
  idleTimeoutMs: number | null,
): NodeWatermark {
  const isIdle = (lastMs: number) => idleTimeoutMs !== null && planMs - lastMs >= idleTimeoutMs
  const lastMs = Object.values(seen).some(({ records }) => records) ? planMs : (before?.lastMs ?? planMs)
  const partitions: Record<string, PartitionWatermark> = {}
  let reached = before?.at ?? null
  for (const name of new Set([...Object.keys(before?.partitions ?? {}), ...Object.keys(seen)])) {
    const [known, now] = [before?.partitions[name], seen[name]]
    const at = higher(known?.at ?? null, now?.at ?? null)
    reached = higher(reached, at)
    if (now?.ended === true) continue
    const last = now?.records === true ? planMs : (known?.lastMs ?? planMs)
    partitions[name] = { at, lastMs: last, idle: isIdle(last) }
  }
  const working = Object.values(partitions).filter(({ idle }) => !idle)
  const held = working.length > 0 ? lowest(working.map(({ at }) => at)) : reached
  return {
    at: higher(before?.at ?? null, held),
    idle: working.length === 0 && isIdle(lastMs),
    lastMs,
    partitions,
  }
}

/** Of every node that the plan knows of. */
export function advanceAll(
  { stream }: Pick<JobGraph, 'stream'>,
  { at, watermarks = {} }: { readonly at: string; readonly watermarks?: Watermarks },
  seen: Seen,
): Watermarks {
  const nodes = stream.nodes.filter(({ id }) => watermarks[id] !== undefined)
  return Object.fromEntries(
    nodes.map(({ id, watermark }) => [
      id,
      advance(watermarks[id], seen[id] ?? {}, Date.parse(at), watermark?.idleTimeoutMs ?? null),
    ]),
  )
}

/** When, after `nowMs`, silence next becomes idleness somewhere; null: never. */
export function nextIdleMs({ stream }: Pick<JobGraph, 'stream'>, watermarks: Watermarks, nowMs: number): number | null {
  const due = stream.nodes.flatMap(({ id, watermark }) => {
    const known = watermarks[id]
    const timeoutMs = watermark?.idleTimeoutMs ?? null
    if (known === undefined || timeoutMs === null) return []
    return [known, ...Object.values(known.partitions)].map(({ lastMs }) => lastMs + timeoutMs)
  })
  const later = due.filter((atMs) => atMs > nowMs)
  return later.length === 0 ? null : Math.min(...later)
}

/** Where a partition stands before its next record: where it was, or with its node if it begins or was idle. */
export function standingOf(before: NodeWatermark | undefined, partition: string, node: number | null): number | null {
  const known = before?.partitions[partition]
  return known === undefined || known.idle ? higher(known?.at ?? null, node) : known.at
}

/** Of several nodes that feed one: the lowest of those not idle, else the highest. */
export function combined(nodes: readonly Pick<NodeWatermark, 'at' | 'idle'>[]): number | null {
  const working = nodes.filter(({ idle }) => !idle)
  if (working.length > 0) return lowest(working.map(({ at }) => at))
  return nodes.map(({ at }) => at).reduce(higher, null)
}

/** Partitions have names of their own in each subtask that sees one. */
export function mergeSeen(all: readonly Seen[]): Seen {
  const merged: Record<string, SeenPartitions> = {}
  for (const seen of all)
    for (const [nodeId, partitions] of Object.entries(seen)) merged[nodeId] = { ...merged[nodeId], ...partitions }
  return merged
}

export function higher(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}

function lowest(all: readonly (number | null)[]): number | null {
  return all.reduce((least, at) => (least === null || at === null ? null : Math.min(least, at)), all[0] ?? null)
}
