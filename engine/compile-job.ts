/** From a job spec to what runs: shape, then meaning, then types. Everything wrong with it is told at once. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connector } from '../connectors/spi.js'
import type { Problem } from '../core/errors/problem.js'
import { buildJobGraph } from '../core/graph/build-job-graph.js'
import { buildStreamGraph } from '../core/graph/build-stream-graph.js'
import type { JobGraph } from '../core/graph/job-graph.js'
import { replacedEdges } from '../core/graph/replaced-edges.js'
import type { StreamGraph } from '../core/graph/stream-graph.js'
import type { Catalogue } from '../core/spec/catalogue.js'
import { isObject, type Outline } from '../core/spec/outline.js'
import type { JobSettings } from '../core/spec/settings.js'
import { toSettings } from '../core/spec/to-settings.js'
import { plain, validateSpec } from '../core/spec/validate.js'
import { openSession } from '../duckdb/open-session.js'
import type { Session } from '../duckdb/session.js'
import { checkEventFilter } from './compile/check-event-filter.js'
import { deriveTypes } from './compile/derive-types.js'
import { needConnectors } from './compile/need-connectors.js'
import { sampleValues } from './compile/sample-values.js'
import type { EngineParts } from './engine.js'

export type CompiledJob =
  | {
      readonly ok: true
      readonly settings: JobSettings
      readonly graph: JobGraph
      readonly spec: unknown
      readonly warnings: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface CompileOptions {
  /** Values that are known already, such as those of a run that is about to start. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly logicalTime?: string
  /** Connections of the same documents, before those that are kept. */
  readonly connections?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly signal?: AbortSignal
}

export async function compileJob(raw: unknown, given: EngineParts, options: CompileOptions = {}): Promise<CompiledJob> {
  const unavailable = await needConnectors(raw, given)
  if (unavailable.length > 0) return { ok: false, problems: unavailable }
  const parts = withConnections(given, options.connections ?? {})
  const validated = validateSpec(raw, catalogueOf(parts))
  const spec = plain(raw)
  if (validated.graph === null || !isObject(spec)) return { ok: false, problems: validated.problems }
  const samples = sampleValues(spec, options.parameters ?? {}, options.logicalTime ?? '2000-01-01T00:00:00.000Z')
  const mode = spec.type === 'STREAMING' ? ('STREAMING' as const) : ('BATCH' as const)
  const looking = { parts, mode, ...samples, signal: options.signal ?? new AbortController().signal }
  const { outline, edges } = validated.graph
  const typed = await withSession(parts, (session) => deriveTypes({ spec, outline, edges, session }, looking))
  const problems = [...validated.problems, ...typed.problems, ...(await checkEventFilter(spec))]
  if (validated.spec === null || problems.length > 0) return { ok: false, problems: inOrder(unique(problems)) }
  const settings = toSettings(validated.spec)
  const graph = buildJobGraph(buildStreamGraph(typed.nodes, edges), settings.maxParallelism)
  const warnings = [...validated.warnings, ...oneSubtask(outline, graph.stream), ...replacedEdges(edges, graph.stream)]
  return { ok: true, settings, graph, spec, warnings }
}

/** Asked for by name, and of no use to this node. */
function oneSubtask({ nodes }: Outline, stream: StreamGraph): Problem[] {
  const asked = new Map(nodes.map((node) => [node.id, node]))
  return stream.nodes.flatMap(({ id, parallelism, kind }) => {
    const { raw, index } = asked.get(id)!
    if (parallelism > 1 || typeof raw.parallelism !== 'number' || raw.parallelism === 1) return []
    const message = `All records of this ${kind} meet in one subtask; it runs with parallelism 1.`
    return [{ pointer: `/nodes/${index}/parallelism`, nodeId: id, code: 'parallelism.one', message, hint: null }]
  })
}

/** What can stand in a spec, as core needs to know it. */
export function catalogueOf({ connectors, operators }: Pick<EngineParts, 'connectors' | 'operators'>): Catalogue {
  return {
    connectors: connectors.map(({ name, source, sink }) => ({
      name,
      source: source !== undefined,
      sink: sink !== undefined,
      endless: (config) => isEndless(source, config),
    })),
    operators: operators.map(({ type, ports, modes, late = false }) => ({ type, ports, modes, late })),
  }
}

function isEndless(source: Connector['source'], config: Readonly<Record<string, unknown>>): boolean {
  const checked = source?.config.safeParse(config)
  return checked?.success === true && source?.endless?.(checked.data) === true
}

function withConnections(parts: EngineParts, connections: NonNullable<CompileOptions['connections']>): EngineParts {
  const connection = async (name: string) =>
    Object.hasOwn(connections, name) ? connections[name]! : await parts.connection(name)
  return { ...parts, connection }
}

/** Opened when first asked for: while sources are looked at, and not at all where there is nothing to bind. */
async function withSession<T>(parts: EngineParts, use: (session: () => Promise<Session>) => Promise<T>): Promise<T> {
  const folder = join(parts.scratch, `compile-${randomUUID()}`)
  const { memoryLimitBytes, threads } = parts
  let opened: Promise<Session> | undefined
  const open = async () => {
    await mkdir(folder, { recursive: true })
    return await openSession({ folder, memoryLimitBytes, threads })
  }
  try {
    return await use(() => {
      opened ??= open()
      return opened
    })
  } finally {
    const session = await opened?.catch(() => undefined)
    session?.close()
    if (opened !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.pointer}\n${problem.message}`, problem])).values()]
}

/** As they stand in the document, so that a person can go through them. */
function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.pointer.localeCompare(b.pointer, 'en', { numeric: true }))
}
