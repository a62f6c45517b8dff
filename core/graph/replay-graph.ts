/** The part of a job that a replay runs: where its records failed, and all below; what they had passed on their way there. */
import type { JobSettings } from '../spec/settings.js'
import { buildJobGraph } from './build-job-graph.js'
import type { JobGraph } from './job-graph.js'
import { upstreamOf } from './order.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/** Where the records of a replay go in, and where they have not been yet. */
export interface Replay {
  /** The id of its records. */
  readonly id: string
  /** The node whose output the records are, or the source that could not read them. */
  readonly of: string
  /** The node at which they failed: that node and all below it are still to see them, and nothing else is. */
  readonly nodeId: string
  /** Nodes on the way from one to the other, the first included: one that fails there has not got anywhere new. */
  readonly before: readonly string[]
}

export type ReplayGraph =
  | { readonly ok: true; readonly graph: JobGraph; readonly before: readonly string[] }
  | { readonly ok: false; readonly reason: string; readonly hint: string }

export interface NodeFacts {
  /** A record passes it by itself: what it gives does not depend on other records of that input. */
  readonly takesAlone: (node: StreamNode) => boolean
  /** What it writes takes the place of what was there. */
  readonly replaces: (node: StreamNode) => boolean
}

/** null in the place of `facts`: it has been judged before. */
export function replayGraph(whole: JobGraph, replay: Omit<Replay, 'before'>, facts: NodeFacts | null): ReplayGraph {
  const { nodes, edges } = whole.stream
  const flowing = edges.filter((edge) => !edge.blocking)
  for (const id of [replay.of, replay.nodeId])
    if (!nodes.some((node) => node.id === id))
      return refused(`There is no node ${id} in this version of the job.`, 'Replay with the version SAME.')

  const way = wayTo(flowing, replay)
  if (way === null)
    return refused(
      `The records of ${replay.of} that failed at ${replay.nodeId} come there on no way, or on more than one.`,
      'Run the job again on the corrected input.',
    )
  const below = downstreamOf(replay.nodeId, flowing)
  const passed = new Set([...way.flatMap((edge) => [edge.from, edge.to]), replay.of, ...below])
  const builds = edges.filter((edge) => edge.blocking && passed.has(edge.to) && edge.to !== replay.of)
  const read = upstreamOf(
    builds.map((edge) => edge.from),
    edges,
  )
  const reason = facts === null ? null : findRefusal(whole.stream, { passed, below, read }, replay, facts)
  if (reason !== null) return reason

  const carried = flowing.filter((edge) => way.includes(edge) || below.has(edge.from))
  const graph = buildJobGraph(cut(whole.stream, replay, { passed, carried, builds, read }), whole.maxParallelism)
  return { ok: true, graph, before: way.map((edge) => edge.from) }
}

/** As BATCH, whatever the job is: a replay has an end. What fails again is a dead letter again, and never ends it. */
export function replaySettings(settings: JobSettings): JobSettings {
  return {
    ...settings,
    type: 'BATCH',
    positions: 'FRESH',
    parallelism: 1,
    onBadRecord: { action: 'DEAD_LETTER', max: null, maxRatio: null },
    timeoutMs: null,
    retry: null,
    slaMs: null,
  }
}

/** The only way by which a record came from where it is known to where it failed; null: there is none, or several. */
function wayTo(flowing: readonly StreamEdge[], { of, nodeId }: Omit<Replay, 'before'>): StreamEdge[] | null {
  const way: StreamEdge[] = []
  const leading = downstreamOf(of, flowing)
  for (let at = nodeId; at !== of; ) {
    const into = flowing.filter((edge) => edge.to === at && leading.has(edge.from) && edge.output === 'main')
    if (into.length !== 1) return null
    way.unshift(into[0]!)
    at = into[0]!.from
  }
  return way
}

function findRefusal(
  { nodes, edges }: StreamGraph,
  { passed, below, read }: Readonly<Record<'passed' | 'below' | 'read', ReadonlySet<string>>>,
  { of }: Pick<Replay, 'of'>,
  { takesAlone, replaces }: NodeFacts,
): ReplayGraph | null {
  const build = edges.find(
    ({ blocking, from, to }) => blocking && (below.has(from) || (passed.has(to) && read.has(of))),
  )
  if (build !== undefined)
    return refused(
      `The records belong to the input ${build.port} of ${build.to}, which is read as a whole.`,
      'Correct the input, and run the job again.',
    )
  for (const node of nodes.filter((candidate) => passed.has(candidate.id) && candidate.id !== of)) {
    if (node.nodeType === 'OPERATOR' && !takesAlone(node))
      return refused(
        `${node.id} (${node.kind}) makes its results of many records, and those of a replay are not with the others.`,
        'Correct the input, and run the job again; in a stream, send the corrected record once more.',
      )
    if (node.nodeType === 'SINK' && replaces(node))
      return refused(
        `The sink ${node.id} replaces what is there: a replay would leave nothing but its own records.`,
        'Correct the input, and run the job again.',
      )
  }
  const hasSink = nodes.some((node) => node.nodeType === 'SINK' && below.has(node.id))
  return hasSink ? null : refused('No sink is below the node at which they failed.', 'There is nothing to replay.')
}

interface Parts {
  readonly passed: ReadonlySet<string>
  readonly carried: readonly StreamEdge[]
  readonly builds: readonly StreamEdge[]
  /** What build sides are made of, read as in any run. */
  readonly read: ReadonlySet<string>
}

/** Inputs that no record of the replay comes by stand there empty: a UNION has the columns of all. */
function cut(
  { nodes, edges }: StreamGraph,
  replay: Pick<Replay, 'id' | 'of'>,
  { passed, carried, builds, read }: Parts,
): StreamGraph {
  const idle = edges.filter(
    (edge) => !edge.blocking && passed.has(edge.to) && edge.to !== replay.of && !carried.includes(edge),
  )
  const empty = idle.map((edge) => ({ edge, id: `${edge.from} (not replayed)` }))
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const standIns = new Map(empty.map(({ edge, id }) => [id, standIn({ ...byId.get(edge.from)!, id }, null)]))
  const sides = edges.filter((edge) => read.has(edge.from) && read.has(edge.to))
  return {
    nodes: [
      ...nodes
        .filter((node) => passed.has(node.id) || read.has(node.id))
        .map((node) => ({ ...(node.id === replay.of ? standIn(node, replay.id) : node), parallelism: 1 })),
      ...standIns.values(),
    ],
    edges: [
      ...carried.map(straight),
      ...empty.map(({ edge, id }) =>
        straight({ ...edge, id: `${id}>${edge.to}.${edge.port}`, from: id, output: 'main' }),
      ),
      ...[...builds, ...sides.filter((edge) => !builds.includes(edge))].map((edge) =>
        edge.blocking ? edge : straight(edge),
      ),
    ],
  }
}

function standIn(node: StreamNode, id: string | null): StreamNode {
  return { ...node, nodeType: 'SOURCE', replay: { id }, parallelism: 1 }
}

/** One subtask each: no record has to find its own. */
function straight(edge: StreamEdge): StreamEdge {
  return { ...edge, edgeType: 'FORWARD', partitionStrategy: null, key: [], expression: null }
}

/** Itself and everything below. */
function downstreamOf(id: string, edges: readonly StreamEdge[]): Set<string> {
  return upstreamOf(
    [id],
    edges.map(({ from, to }) => ({ from: to, to: from })),
  )
}

function refused(reason: string, hint: string): ReplayGraph {
  return { ok: false, reason, hint }
}
