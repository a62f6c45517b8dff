/** Custom connectors that a spec names are loaded before it is looked at. */
import { isJobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import { isObject } from '../../core/spec/outline.js'
import type { EngineParts } from '../engine.js'

/** What cannot be had, each at the node that names it. */
export async function needConnectors(spec: unknown, { needConnectors: need }: EngineParts): Promise<Problem[]> {
  const nodes = isObject(spec) && Array.isArray(spec.nodes) ? spec.nodes : []
  const problems: Problem[] = []
  for (const [index, node] of nodes.entries()) {
    const side = isObject(node) ? (['source', 'sink'] as const).find((key) => typeof node[key] === 'string') : undefined
    if (need === undefined || side === undefined) continue
    try {
      await need([String(node[side])])
    } catch (error) {
      if (!isJobError(error)) throw error
      const { code, message, hint = null } = error
      const nodeId = typeof node.id === 'string' ? node.id : null
      problems.push({ pointer: `/nodes/${index}/${side}`, nodeId, code, message, hint })
    }
  }
  return problems
}
