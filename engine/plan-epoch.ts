/** Asks the sources at work in a phase what the next epoch reads. Nothing is read, nothing is stored here. */
import { nextBudget } from '../core/execution/budget.js'
import type { SourceProgress } from '../core/execution/journal.js'
import type { BudgetLimits } from '../core/execution/limits.js'
import type { Plan, PlannedSource } from '../core/execution/plan.js'
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
  if (!endsNow && Object.values(sources).every(isEmpty)) return 'idle'
  const plan = { epoch, phase: phase.number, at, sources, end }
  return input.drains === true ? { ...plan, drains: true } : plan
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
  return { ...(await source.plan(progress?.position ?? null, budget, node.parallelism)), budget }
}

function isEmpty(source: PlannedSource): boolean {
  return source.splits.every((splits) => splits.length === 0)
}
