import type { Position } from '../core/execution/plan.js'
import type { Chain } from './chain.js'
import type { ChainRun } from './chain-run.js'

/** Whether this is the epoch in which all sources that feed the chain in this phase come to their end. */
export function endsNow(
  run: ChainRun,
  chain: Chain,
  reached: Readonly<Record<string, { readonly position: Position; readonly end: boolean }>>,
): boolean {
  const sources = sourcesOf(run, chain.head.id)
  const results = [reached, ...run.upstream.map((result) => result.reached)]
  const endedBefore = (id: string) => run.positions[id]?.end === true
  const hasEnded = (id: string) =>
    endedBefore(id) || run.plan.sources[id]?.end === true || results.some((known) => known[id]?.end === true)
  return sources.length > 0 && sources.every(hasEnded) && !sources.every(endedBefore)
}

/** Sources from which records of this phase reach a node. */
function sourcesOf(run: ChainRun, nodeId: string): string[] {
  const active = new Set(run.phase.nodes)
  const { nodes, edges } = run.graph.stream
  const found = new Set([nodeId])
  for (const id of found)
    for (const edge of edges) if (edge.to === id && !edge.blocking && active.has(edge.from)) found.add(edge.from)
  return nodes.filter((node) => node.nodeType === 'SOURCE' && found.has(node.id)).map((node) => node.id)
}
