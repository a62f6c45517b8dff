/** Asks the sources at work in a phase what the next epoch reads. Nothing is read, nothing is stored here. */
import { nextBudget } from '../core/execution/budget.js'
import type { SourceProgress } from '../core/execution/journal.js'
import type { BudgetLimits } from '../core/execution/limits.js'
import type { Plan, PlannedSource } from '../core/execution/plan.js'
import { advance, advanceAll, type Watermarks } from '../core/execution/watermarks.js'
import { outputsOnEdges, wantedWatermarks } from '../core/graph/event-time.js'
import type { JobGraph, Phase } from '../core/graph/job-graph.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import type { EngineParts } from './engine.js'
import { type ForExecution, openSource, valuesOf } from './open-node.js'
import type { Values } from './resolve-config.js'

export interface PlanInput extends ForExecution {
  readonly graph: JobGraph
  readonly lineageId: string
  readonly phase: Phase
  readonly epoch: number
  /** The plan's time, ISO 8601 (I9). */
  readonly at: string
  readonly positions: Readonly<Record<string, SourceProgress>>
  /** After the epoch before. */
  readonly watermarks?: Watermarks
  /** Of the system. */
  readonly budget?: BudgetLimits
  /** Sources end where they stand: nothing more is read, and everything open fires. */
  readonly drains?: boolean
}

/** `idle`: there is no input at the moment. `exhausted`: there will be none in this phase. */
export async function planEpoch(
  input: PlanInput,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<Plan | 'idle' | 'exhausted'> {
  const { phase, epoch, at, positions } = input
  const active = new Set(phase.nodes)
  const nodes = input.graph.stream.nodes.filter((node) => node.nodeType === 'SOURCE' && active.has(node.id))
  if (nodes.every((node) => positions[node.id]?.end === true)) return 'exhausted'

  const values = valuesOf(input, at)
  const planned = await Promise.all(
    nodes.map(async (node) => [node.id, await planSource(node, input, values, parts, signal)] as const),
  )
  const sources = Object.fromEntries(planned)
  const end = Object.values(sources).every((source) => source.end)
  const endsNow = nodes.some((node) => sources[node.id]?.end === true && positions[node.id]?.end !== true)
  const watermarks = watermarksBefore(input)
  const isDue = isIdleDue(input, watermarks)
  if (!endsNow && !isDue && Object.values(sources).every(isEmpty)) return 'idle'
  const drains = input.drains === true ? { drains: true } : {}
  const plan = { epoch, phase: phase.number, at, sources, end, ...drains }
  return Object.keys(watermarks).length === 0 ? plan : { ...plan, watermarks }
}

/** Those that somebody judges by in this phase, from the first plan on. */
function watermarksBefore({ graph, settings, phase, at, watermarks = {} }: PlanInput): Watermarks {
  if (settings.type === 'BATCH') return {}
  const wanted = wantedWatermarks(graph.stream, outputsOnEdges(graph.stream))
  const active = phase.nodes.filter((id) => wanted.has(id))
  return Object.fromEntries(
    active.map((id) => [id, watermarks[id] ?? advance(undefined, {}, Date.parse(at), Number.POSITIVE_INFINITY)]),
  )
}

/** Silence is told by an epoch without records: windows that waited for a silent partition wait no longer. */
function isIdleDue({ graph, at }: PlanInput, watermarks: Watermarks): boolean {
  const after = advanceAll(graph, { at, watermarks }, {})
  return Object.entries(after).some(([id, { at, idle }]) => at !== watermarks[id]?.at || idle !== watermarks[id]?.idle)
}

async function planSource(
  node: StreamNode,
  input: PlanInput,
  values: Values,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<PlannedSource> {
  const progress = input.positions[node.id] ?? null
  const budget = nextBudget(progress, input.settings.checkpoint.intervalMs, input.budget)
  if (progress?.end === true || input.drains === true) {
    const splits = Array.from({ length: node.parallelism }, () => [])
    return { splits, to: progress?.position ?? null, end: true, budget: progress?.lastBudget ?? budget }
  }
  const source = await openSource(node, values, parts, signal)
  const from = progress?.position ?? null
  if (!isJudgedInOrder(node, input)) return { ...(await source.plan(from, budget, node.parallelism)), budget }
  const kind = parts.connectors.find(({ name }) => name === node.kind)?.source
  if (kind?.partitions === true) return { ...(await source.plan(from, budget, node.parallelism, true)), budget }
  const plan = await source.plan(from, budget, 1)
  return {
    ...plan,
    splits: Array.from({ length: node.parallelism }, (_, subtask) => plan.splits[subtask] ?? []),
    budget,
  }
}

/** What its records meet is told in its chain: then no logical partition may be read in two subtasks at once. */
function isJudgedInOrder({ id, parallelism }: StreamNode, { graph, settings }: PlanInput): boolean {
  if (settings.type === 'BATCH' || parallelism === 1) return false
  const wanted = wantedWatermarks(graph.stream, outputsOnEdges(graph.stream))
  return graph.vertices.some(({ chain }) => chain.includes(id) && chain.some((node) => wanted.has(node)))
}

function isEmpty(source: PlannedSource): boolean {
  return source.splits.every((splits) => splits.length === 0)
}
