/** In which order a checked query gives its records. */
import { everyNode, isNode, nodesOf, parse, type TreeNode } from './syntax-tree.js'

/**
 * ASKED: it has an ORDER BY. SOURCE: it only filters and maps one table, whose order it keeps.
 * ANY: grouping, joins and the like give an order that depends on threads.
 */
export type QueryOrder = 'ASKED' | 'SOURCE' | 'ANY'

export async function queryOrder(query: string): Promise<QueryOrder> {
  const [[select] = []] = await parse(query)
  if (select === undefined) return 'ANY'
  const modifiers = nodesOf(select.modifiers).map((modifier) => modifier.type)
  if (modifiers.includes('ORDER_MODIFIER')) return 'ASKED'
  return isStreaming(select) && !modifiers.includes('DISTINCT_MODIFIER') ? 'SOURCE' : 'ANY'
}

function isStreaming(select: TreeNode): boolean {
  const from = select.from_table
  if (select.type !== 'SELECT_NODE' || !isNode(from) || from.type !== 'BASE_TABLE') return false
  if (
    nodesOf(select.group_expressions).length > 0 ||
    nodesOf(isNode(select.cte_map) ? select.cte_map.map : []).length > 0
  )
    return false
  for (const node of everyNode(select)) if (node.class === 'WINDOW' || node.class === 'SUBQUERY') return false
  return true
}
