/** Runs small graphs epoch after epoch with the real engine, as the loop of an execution would. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connector } from '../../../connectors/spi.js'
import { findMismatches } from '../../../core/execution/accounting.js'
import type { ChainResult, StateHandle } from '../../../core/execution/chain-task.js'
import type { SourceProgress } from '../../../core/execution/journal.js'
import { mergeResults } from '../../../core/execution/merge-results.js'
import type { Watermarks } from '../../../core/execution/watermarks.js'
import type { JobGraph } from '../../../core/graph/job-graph.js'
import type { StreamEdge, StreamNode } from '../../../core/graph/stream-graph.js'
import { addCounters, type Counters, noRecords } from '../../../core/record/counters.js'
import type { Rejected } from '../../../core/record/rejected.js'
import type { JobSettings } from '../../../core/spec/settings.js'
import type { EngineParts } from '../../../engine/engine.js'
import { planEpoch } from '../../../engine/plan-epoch.js'
import { runChain } from '../../../engine/run-chain.js'
import { releaseAll } from '../../../engine/sessions.js'
import { functionsBelow } from '../../../functions/open-functions.js'
import { operators } from '../../../operators/index.js'
import { openStore } from '../../../storage/open-store.js'
import { aNode, anEdge } from '../../support/a-node.js'

/** A folder for the store and the sessions, gone afterwards. */
export async function withParts(
  connectors: readonly Connector[],
  run: (parts: EngineParts, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'))
  await mkdir(join(folder, 'scratch'))
  try {
    await run(
      {
        connectors,
        operators,
        functions: functionsBelow(join(folder, 'functions'), 'NOWHERE'),
        store: openStore(`file://${folder}/store`),
        connection: async () => ({}),
        secret: async () => '',
        environment: {},
        files: { fileRoots: null, base: folder },
        scratch: join(folder, 'scratch'),
        memoryLimitBytes: 512 * 1024 * 1024,
        threads: 2,
      },
      folder,
    )
  } finally {
    await releaseAll()
    await rm(folder, { recursive: true, force: true })
  }
}

export interface Driven {
  readonly counters: Readonly<Record<string, Counters>>
  readonly rejected: readonly Rejected[]
  readonly results: readonly ChainResult[]
  readonly epochs: number
  /** Where it stands: another drive can go on from there. */
  readonly standing: Standing
}

export interface Standing {
  readonly epoch: number
  readonly phase: number
  readonly positions: Readonly<Record<string, SourceProgress>>
  readonly states: readonly StateHandle[]
  readonly watermarks?: Watermarks
}

export interface DriveOptions {
  readonly settings?: Partial<JobSettings>
  /** Of each plan's budget. */
  readonly epochRecords?: number | (() => number)
  /** The time of each plan. */
  readonly at?: (epoch: number) => string
  /** Sessions are thrown away between epochs: every state comes back from its files. */
  readonly cold?: boolean
  readonly signal?: AbortSignal
  /** How often a failed epoch is tried again. */
  readonly retries?: number
  readonly lineageId?: string
  /** Subtasks of a vertex end in the opposite order: nothing may depend on which of them is first. */
  readonly lastFirst?: boolean
  readonly from?: Standing
  /** How many at most. */
  readonly epochs?: number
}

let executions = 0

export async function drive(graph: JobGraph, parts: EngineParts, options: DriveOptions = {}): Promise<Driven> {
  executions += 1
  const settings = { ...someSettings, ...options.settings }
  const forExecution = {
    settings,
    parameters: {},
    logicalTime: '2026-01-02T03:04:05.000Z',
    executionId: `execution-${executions}`,
    lineageId: options.lineageId ?? `lineage-${executions}`,
    graph,
  }
  const signal = options.signal ?? new AbortController().signal
  let {
    positions,
    states,
    epoch,
    phase: current,
    watermarks = {},
  } = options.from ?? { positions: {}, states: [], epoch: 0, phase: 1 }
  const last = epoch + (options.epochs ?? Number.POSITIVE_INFINITY)
  let counters: Record<string, Counters> = {}
  const all: ChainResult[] = []
  for (const phase of graph.phases.filter(({ number }) => number >= current)) {
    for (let ended = false; !ended && epoch < last; ) {
      epoch += 1
      const plan = await planEpoch(
        { ...forExecution, phase, epoch, at: options.at?.(epoch) ?? '2026-01-02T03:04:06.000Z', positions, watermarks },
        cutAt(parts, options.epochRecords),
        signal,
      )
      if (typeof plan === 'string') throw new Error(`phase ${phase.number} answers ${plan}`)
      const results: ChainResult[] = []
      for (const stage of phase.stages)
        for (const vertexId of stage) {
          const vertex = graph.vertices.find((candidate) => candidate.id === vertexId)!
          const subtasks = Array.from({ length: vertex.parallelism }, (_, subtask) => subtask)
          for (const subtask of options.lastFirst === true ? subtasks.reverse() : subtasks) {
            const task = { ...forExecution, vertexId, subtask, phase, plan: roundTrip(plan), states, positions }
            results.push(await tryAgain({ ...task, upstream: [...results] }, parts, signal, options.retries ?? 0))
          }
        }
      if (options.cold === true) await releaseAll()
      const merged = mergeResults(graph, phase, plan, { positions, states }, results, 1)
      const mismatches = findMismatches(graph, phase, merged.counters)
      if (mismatches.length > 0) throw new Error(mismatches.join(' '))
      positions = merged.positions
      states = merged.states
      watermarks = roundTrip(merged.watermarks)
      for (const [id, counted] of Object.entries(merged.counters))
        counters = { ...counters, [id]: addCounters(counters[id] ?? noRecords, counted) }
      all.push(...results)
      ended = merged.phaseEnded
      current = ended ? phase.number + 1 : phase.number
    }
  }
  return {
    counters,
    rejected: await readRejects(parts, all),
    results: all,
    epochs: epoch,
    standing: { epoch, phase: current, positions, states, watermarks },
  }
}

/** One lineage with one number of subtasks after another: `epochs` of each, and the last to the end of the input. */
export async function driveInTurn(
  parallelisms: readonly number[],
  graphOf: (parallelism: number) => Promise<JobGraph>,
  parts: EngineParts,
  { epochs, ...options }: DriveOptions,
): Promise<void> {
  let from: Standing | undefined
  for (const [at, parallelism] of parallelisms.entries()) {
    const isLast = at === parallelisms.length - 1
    const given = { ...options, lineageId: 'one', ...(!isLast && epochs && { epochs }), ...(from && { from }) }
    from = (await drive(await graphOf(parallelism), parts, given)).standing
  }
}

async function tryAgain(
  task: Omit<Parameters<typeof runChain>[0], 'fence'>,
  parts: EngineParts,
  signal: AbortSignal,
  retries: number,
): Promise<ChainResult> {
  for (let activityAttempt = 1; ; activityAttempt += 1) {
    const fence = { generation: 1, attempt: 1, epoch: task.plan.epoch, activityAttempt }
    try {
      return roundTrip(await runChain({ ...task, fence }, parts, { signal, progress: () => undefined }))
    } catch (error) {
      if (activityAttempt > retries) throw error
    }
  }
}

/** What crosses the store and the journal is JSON. */
function roundTrip<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** The planner sizes epochs by time; tests cut them where they like. */
function cutAt(parts: EngineParts, size: number | (() => number) | undefined): EngineParts {
  if (size === undefined) return parts
  const records = typeof size === 'number' ? size : size()
  const connectors = parts.connectors.map((connector): Connector => {
    const { source } = connector
    if (source === undefined) return connector
    return {
      ...connector,
      source: {
        ...source,
        open: (...given) => {
          const opened = source.open(...given)
          return {
            schema: () => opened.schema(),
            read: (...rest) => opened.read(...rest),
            plan: (from, budget, ...rest) => opened.plan(from, { ...budget, records }, ...rest),
          }
        },
      },
    }
  })
  return { ...parts, connectors }
}

async function readRejects(parts: EngineParts, results: readonly ChainResult[]): Promise<Rejected[]> {
  const texts = await Promise.all(results.flatMap((result) => result.rejects).map((key) => parts.store.text(key)))
  return texts.flatMap((text) =>
    (text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Rejected),
  )
}

export const someSettings: JobSettings = {
  name: 'job',
  type: 'BATCH',
  tags: [],
  parallelism: 1,
  maxParallelism: 128,
  delivery: 'EXACTLY_ONCE',
  positions: 'FRESH',
  checkpoint: { intervalMs: 30_000, timeoutMs: 600_000, retained: 3, tolerableFailures: 0 },
  restart: { strategy: 'NONE' },
  onBadRecord: { action: 'FAIL', max: null, maxRatio: null },
  timeoutMs: null,
  maxConcurrentRuns: 1,
  overlap: 'WAIT',
  priority: 0,
  retry: null,
  slaMs: null,
  parameters: {},
}

/** `BIGINT n, VARCHAR s` as columns. */
export function columns(text: string) {
  return text.split(', ').map((column) => {
    const [type = '', name = ''] = column.split(' ')
    return { name, type }
  })
}

export function node(
  id: string,
  nodeType: StreamNode['nodeType'],
  kind: string,
  config: StreamNode['config'],
  schema: string,
  parallelism = 1,
): StreamNode {
  return aNode(id, { nodeType, kind, config, parallelism, schema: columns(schema) })
}

export function edge(from: string, to: string, port = 'input', more: Partial<StreamEdge> = {}): StreamEdge {
  return anEdge(from, to, { port, ...more })
}

/** Chains as given; edges between them cross. Phases: what each list names, with the blocking edges it fills. */
export function graphOf(
  nodes: readonly StreamNode[],
  edges: readonly StreamEdge[],
  chains: readonly (readonly string[])[],
  phases: readonly { readonly nodes: readonly string[]; readonly stages: readonly (readonly string[])[] }[],
): JobGraph {
  const chainOf = (id: string) => chains.find((chain) => chain.includes(id))![0]!
  return {
    stream: { nodes, edges },
    vertices: chains.map((chain) => ({
      id: chain[0]!,
      name: chain.join('→'),
      chain,
      parallelism: nodes.find((candidate) => candidate.id === chain[0])!.parallelism,
    })),
    edges: edges
      .filter((candidate) => candidate.blocking || chainOf(candidate.from) !== chainOf(candidate.to))
      .map((candidate) => ({ streamEdgeId: candidate.id, from: chainOf(candidate.from), to: chainOf(candidate.to) })),
    phases: phases.map((phase, index) => ({
      number: index + 1,
      ...phase,
      fills: edges
        .filter(
          (candidate) =>
            candidate.blocking && phase.nodes.includes(candidate.from) && !phase.nodes.includes(candidate.to),
        )
        .map((candidate) => candidate.id),
    })),
    maxParallelism: 128,
    notChained: [],
  }
}
/** One chain, one phase. */
export function chainOf(nodes: readonly StreamNode[], edges: readonly StreamEdge[]): JobGraph {
  const ids = nodes.map(({ id }) => id)
  return graphOf(nodes, edges, [ids], [{ nodes: ids, stages: [[ids[0]!]] }])
}
