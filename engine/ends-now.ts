import type { ChainResult } from '../core/execution/chain-task.js'
import type { Chain } from './chain.js'
import type { ChainRun } from './chain-run.js'

type Reached = ChainResult['reached']

/** Positions reached by the stages before and by this chain; handed on, so that the last stage knows of the first. */
export function allReached(run: ChainRun, own: Reached): Reached {
  return Object.assign({}, ...run.upstream.map((result) => result.reached), own)
}

/** Whether this is the epoch in which all sources that feed the chain in this phase come to their end. */
export function endsNow(run: ChainRun, chain: Chain, own: Reached): boolean {
  const endedBefore = (id: string) => run.positions[id]?.end === true
  return hasEnded(run, chain.head.id, own) && !sourcesOf(run, chain.head.id).every(endedBefore)
}

/** Whether no source that feeds a node in this phase has anything more. */
export function hasEnded(run: ChainRun, nodeId: string, own: Reached): boolean {
  const sources = sourcesOf(run, nodeId)
  const results = [own, ...run.upstream.map((result) => result.reached)]
  return (
    sources.length > 0 &&
    sources.every(
      (id) =>
        run.positions[id]?.end === true ||
        run.plan.sources[id]?.end === true ||
        results.some((known) => known[id]?.end === true),
    )
  )
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
