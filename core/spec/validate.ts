import { checkConfig } from '../config/problems.js'
import type { Problem } from '../errors/problem.js'
import type { Catalogue } from './catalogue.js'
import { checkMeaning, findWarnings } from './check-meaning.js'
import { checkReferences } from './check-references.js'
import { isObject, type Outline, readOutline } from './outline.js'
import { resolveEdges, type SpecEdge } from './resolve-edges.js'
import { type JobSpec, jobSpec } from './schema.js'

/** Shape and meaning of a job spec: everything wrong with it, at once. Types need an engine; see engine/compile-job.ts. */
export interface Validated {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Null while there are problems. */
  readonly spec: JobSpec | null
  /** What could be read of the graph, problems or not; null where it is too broken or too large to go on with. */
  readonly graph: { readonly outline: Outline; readonly edges: readonly SpecEdge[] } | null
}

export const MAX_NODES = 1000

export function validateSpec(given: unknown, catalogue: Catalogue): Validated {
  const raw = plain(given)
  if (!isObject(raw)) return refused('', 'A job spec must be an object.', 'It has keys such as `name` and `nodes`.')
  if (Array.isArray(raw.nodes) && raw.nodes.length > MAX_NODES) {
    return refused(
      '/nodes',
      `The job has ${raw.nodes.length} nodes, and ${MAX_NODES} are allowed.`,
      'Split it into several jobs.',
    )
  }
  const place = { pointer: '', nodeId: null, code: 'spec.invalid' }
  const shape = checkConfig(jobSpec, raw, place)
  const { outline, problems: unread } = readOutline(raw)
  const { edges, problems: unresolved } = resolveEdges(
    outline,
    catalogue,
    raw.type === 'STREAMING' ? 'STREAMING' : 'BATCH',
  )
  const meaning = { raw, outline, edges, catalogue }
  const found = [
    ...(shape.ok ? [] : shape.problems),
    ...unread,
    ...unresolved,
    ...checkMeaning(meaning),
    ...checkReferences(raw),
  ]
  const problems = unique(found.map((problem) => withNode(problem, raw)))
  return {
    problems,
    warnings: problems.length === 0 ? findWarnings(meaning) : [],
    spec: shape.ok && problems.length === 0 ? shape.value : null,
    graph: { outline, edges },
  }
}

/** YAML readers may make dates of dates: here they are text again. Nothing but JSON comes out. */
export function plain(value: unknown): unknown {
  if (value instanceof Date) {
    const iso = Number.isNaN(value.getTime()) ? '' : value.toISOString()
    return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso
  }
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  )
}

function refused(pointer: string, message: string, hint: string): Validated {
  return {
    problems: [{ pointer, nodeId: null, code: 'spec.invalid', message, hint }],
    warnings: [],
    spec: null,
    graph: null,
  }
}

function withNode(problem: Problem, raw: Readonly<Record<string, unknown>>): Problem {
  const index = /^\/nodes\/(\d+)/.exec(problem.pointer)?.[1]
  if (problem.nodeId !== null || index === undefined || !Array.isArray(raw.nodes)) return problem
  const node: unknown = raw.nodes[Number(index)]
  return isObject(node) && typeof node.id === 'string' ? { ...problem, nodeId: node.id } : problem
}

function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.pointer}\n${problem.message}`, problem])).values()]
}
