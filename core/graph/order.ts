/** Orders of a directed graph, in time linear in its size. */
import { groupBy } from '../group-by.js'

export interface Link {
  readonly from: string
  readonly to: string
}

/** Producers before consumers, otherwise as given; `rest` are the nodes on cycles and below them. */
export function topologicalOrder(ids: readonly string[], links: readonly Link[]): { order: string[]; rest: string[] } {
  const consumers = groupBy(links, (link) => link.from)
  const open = new Map(ids.map((id) => [id, 0]))
  for (const link of links) open.set(link.to, (open.get(link.to) ?? 0) + 1)
  const order = ids.filter((id) => open.get(id) === 0)
  for (let at = 0; at < order.length; at++) {
    for (const { to } of consumers.get(order[at]!) ?? []) {
      const left = open.get(to)! - 1
      open.set(to, left)
      if (left === 0) order.push(to)
    }
  }
  return { order, rest: ids.filter((id) => open.get(id)! > 0) }
}

/** Cycles as paths whose last node leads back to the first; each node is on one of them at most. */
export function findCycles(ids: readonly string[], links: readonly Link[]): string[][] {
  const { rest } = topologicalOrder(ids, links)
  const stuck = new Set(rest)
  const producers = groupBy(links, (link) => link.to)
  const seen = new Set<string>()
  const cycles: string[][] = []
  for (const start of rest) {
    // Whatever is stuck has a producer that is stuck: going up must come round.
    const path: string[] = []
    const onPath = new Map<string, number>()
    let at: string | undefined = start
    while (at !== undefined && !seen.has(at)) {
      seen.add(at)
      onPath.set(at, path.length)
      path.push(at)
      at = producers.get(at)?.find((link) => stuck.has(link.from))?.from
    }
    const first = at === undefined ? undefined : onPath.get(at)
    if (first !== undefined) cycles.push(path.slice(first).reverse())
  }
  return cycles
}

/** Everything that leads to these nodes, themselves included. */
export function upstreamOf(starts: readonly string[], links: readonly Link[]): Set<string> {
  const producers = groupBy(links, (link) => link.to)
  const found = new Set(starts)
  const queue = [...found]
  for (let at = 0; at < queue.length; at++) {
    for (const { from } of producers.get(queue[at]!) ?? []) {
      if (found.has(from)) continue
      found.add(from)
      queue.push(from)
    }
  }
  return found
}
