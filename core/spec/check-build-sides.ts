/** STREAMING: what is read to its end before anything else must have one. */
import type { Problem } from '../errors/problem.js'
import { groupBy } from '../group-by.js'
import type { Meaning } from './meaning.js'

export function checkBuildSides({ raw, outline, edges, catalogue }: Meaning): Problem[] {
  if (raw.type !== 'STREAMING') return []
  const from = groupBy(
    edges.filter(({ blocking }) => !blocking),
    (edge) => edge.from,
  )
  const sources = outline.nodes.filter(({ kind, name, config }) => {
    const connector = kind === 'source' ? catalogue.connectors.find((known) => known.name === name) : undefined
    return connector?.endless?.(config) === true
  })
  const endless = new Set<string>()
  const pending = sources.map(({ id }) => id)
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (endless.has(id)) continue
    endless.add(id)
    pending.push(...(from.get(id) ?? []).map(({ to }) => to))
  }
  return edges
    .filter((edge) => edge.blocking && endless.has(edge.from))
    .map(({ pointer, from: producer, to }) => ({
      pointer,
      nodeId: to,
      code: 'spec.invalid',
      message: `The right side of a join is read to its end first, and \`${producer}\` has none.`,
      hint: 'Join the two streams with `within: 10m`, a time that pairs are at most apart; or read a right side that ends.',
    }))
}
