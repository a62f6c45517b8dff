/** What leaves a node by each of its outputs: the columns, and which of them is event time. */
import type { Schema } from '../record/schema.js'
import { groupBy, topologicalOrder } from './order.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

export interface Output {
  readonly schema: Schema
  /** The column of event time; null: there is none. */
  readonly time: string | null
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

/** The outputs of a node, from what arrives at it. */
export function outputsOf(node: Pick<StreamNode, 'schema' | 'watermark'>, arrivals: readonly Arrival[]): Outputs {
  const named = node.watermark?.time ?? sharedTime(arrivals)
  const time = node.schema.find(({ name, type }) => isTime(type) && name.toLowerCase() === named?.toLowerCase())
  return { main: { schema: node.schema, time: time?.name ?? null }, late: arrivals[0]?.output ?? null }
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
