/** What leaves a node by each of its outputs: the columns, and which of them is event time. */

import { groupBy } from '../group-by.js'
import type { Schema } from '../record/schema.js'
import { topologicalOrder } from './order.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

export interface Output {
  readonly schema: Schema
  /** The column of event time; null: there is none. */
  readonly time: string | null
  /** Nodes whose watermarks come along with the records: STREAMING, where an operator between them ends event time. */
  readonly watermarks: readonly string[]
}

export interface Outputs {
  readonly main: Output
  /** Late records leave as they came in; null: nothing came in. */
  readonly late: Output | null
}

interface Arrival {
  readonly output: Output
  /** Read to its end before: such records pass no time on. */
  readonly blocking: boolean
}

/**
 * In STREAMING, the watermark that a record met travels with it in this column, from the node that names the watermark to
 * whoever judges by it: milliseconds since 1970, NULL: none yet. No schema names it, and no sink sees it.
 */
export const metColumn = 'watermark met'

/** Operators whose output is one of their records each, in order. */
const keepMet: ReadonlySet<string> = new Set(['FILTER', 'MAP', 'FLATMAP', 'UNION', 'JOIN', 'DEDUPLICATE'])

/** The outputs of a node, from what arrives at it. */
export function outputsOf(
  node: Pick<StreamNode, 'id' | 'kind' | 'config' | 'schema' | 'watermark'>,
  arrivals: readonly Arrival[],
): Outputs {
  const named = node.watermark?.time ?? sharedTime(arrivals)
  const time = node.schema.find(({ name, type }) => isTime(type) && name.toLowerCase() === named?.toLowerCase())
  const isLater = tellsLater(node, arrivals)
  const passedOn = time === undefined || isLater || !keepMet.has(node.kind) ? [] : sharedWatermarks(arrivals)
  return {
    main: {
      schema: node.schema,
      time: time?.name ?? null,
      watermarks: node.watermark === null ? passedOn : [node.id],
    },
    late: arrivals[0]?.output ?? null,
  }
}

/** A join of two streams, and a deduplication that does not keep the first, tell of a record after it has come. */
function tellsLater({ kind, config }: Pick<StreamNode, 'kind' | 'config'>, arrivals: readonly Arrival[]): boolean {
  if (kind === 'DEDUPLICATE') return config.keep === 'LAST' || config.orderBy !== undefined
  return kind === 'JOIN' && arrivals.every(({ blocking }) => !blocking)
}

/** Nodes whose watermarks somebody judges by; nothing is carried for the others. */
export function wantedWatermarks(graph: StreamGraph, outputs: ReadonlyMap<string, Output>): ReadonlySet<string> {
  const blocked = new Set(graph.edges.filter(({ blocking }) => blocking).map(({ to }) => to))
  const judges = new Set(
    graph.nodes
      .filter(({ kind, id }) => kind === 'WINDOW' || (kind === 'JOIN' && !blocked.has(id)))
      .map(({ id }) => id),
  )
  const into = graph.edges.filter((edge) => judges.has(edge.to) && !edge.blocking)
  return new Set(into.flatMap(({ id }) => outputs.get(id)?.watermarks ?? []))
}

/** What stands on every edge, by its id. */
export function outputsOnEdges({ nodes, edges }: StreamGraph): ReadonlyMap<string, Output> {
  const ids = nodes.map(({ id }) => id)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const into = groupBy(edges, (edge) => edge.to)
  const made = new Map<string, Outputs>()
  const onEdge = (edge: StreamEdge): Output | null => made.get(edge.from)?.[edge.output] ?? null
  for (const id of topologicalOrder(ids, edges).order) {
    const arrivals = (into.get(id) ?? []).flatMap((edge) => {
      const output = onEdge(edge)
      return output === null ? [] : [{ output, blocking: edge.blocking }]
    })
    made.set(id, outputsOf(byId.get(id)!, arrivals))
  }
  return new Map(
    edges.flatMap((edge) => {
      const output = onEdge(edge)
      return output === null ? [] : [[edge.id, output] as const]
    }),
  )
}

/** Types of columns that can be event time. */
export function isTime(type: string): boolean {
  return /^(TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?|DATE)$/.test(type)
}

/** Inputs of different times have none in common. */
function sharedTime(arrivals: readonly Arrival[]): string | null {
  const times = arrivals.filter(({ blocking }) => !blocking).map(({ output }) => output.time)
  const [first = null, ...others] = times
  return others.every((time) => time?.toLowerCase() === first?.toLowerCase()) ? first : null
}

/** An input without any holds back whatever meets it. */
function sharedWatermarks(arrivals: readonly Arrival[]): readonly string[] {
  const all = arrivals.filter(({ blocking }) => !blocking).map(({ output }) => output.watermarks)
  return all.some((watermarks) => watermarks.length === 0) ? [] : [...new Set(all.flat())]
}
