/** What a query may say over input that never ends: whatever it makes of one record must need no other. */
import { JobError } from '../core/errors/job-error.js'
import { AGGREGATES } from './allowed-functions.js'
import { everyNode, isNode, nodesOf, parse, type TreeNode } from './syntax-tree.js'

export interface RecordByRecord {
  /** More than one record may leave for one that came: it unnests. */
  readonly fansOut: boolean
}

/** Of a checked query. Throws `sql.refused`, naming the operator that does it instead. */
export async function recordByRecord(query: string): Promise<RecordByRecord> {
  const [[select] = []] = await parse(query)
  if (select === undefined) throw new JobError('internal', 'A checked query does not parse.')
  checkSelect(select)
  const calls = [...everyNode(select)].filter((node) => node.class === 'FUNCTION')
  return { fansOut: calls.some(({ function_name: name }) => String(name).toLowerCase() === 'unnest') }
}

function checkSelect(select: TreeNode): void {
  if (select.type === 'SET_OPERATION_NODE') throw needs('UNION, EXCEPT or INTERSECT', 'Use the operator UNION.')
  if (select.type !== 'SELECT_NODE') throw needs('A recursive query', 'Use the operator FLATMAP over a list.')
  for (const entry of ctesOf(select)) checkSelect(entry)
  checkModifiers(select)
  if (isGrouped(select)) throw needs('Grouping', 'Use the operator AGGREGATE, or WINDOW to group by time.')
  checkFrom(select.from_table)
  for (const part of [select.select_list, select.where_clause, select.qualify])
    for (const node of everyNode(part)) checkPart(node)
}

function ctesOf(select: TreeNode): TreeNode[] {
  const entries = isNode(select.cte_map) ? nodesOf(select.cte_map.map) : []
  return entries.flatMap(({ value }) => {
    const query = isNode(value) ? value.query : null
    return isNode(query) && isNode(query.node) ? [query.node] : []
  })
}

function checkModifiers({ modifiers }: TreeNode): void {
  for (const { type } of nodesOf(modifiers)) {
    if (type === 'DISTINCT_MODIFIER') throw needs('DISTINCT', 'Use the operator DEDUPLICATE.')
    if (type === 'ORDER_MODIFIER') throw needs('ORDER BY', 'Records go on in the order in which they come.')
    throw needs('LIMIT or OFFSET', 'Use WHERE, or the operator DEDUPLICATE for the first record of each key.')
  }
}

const isGrouped = (select: TreeNode) =>
  nodesOf(select.group_expressions).length > 0 ||
  isNode(select.having) ||
  select.aggregate_handling === 'FORCE_AGGREGATES'

/** One table, which is the input, a CTE over it, or a query over one of these. */
function checkFrom(from: unknown): void {
  if (!isNode(from) || from.type === 'EMPTY') throw needs('A query that reads no input', 'Select from `input`.')
  if (from.type === 'BASE_TABLE') return
  const query = from.subquery
  if (from.type === 'SUBQUERY' && isNode(query) && isNode(query.node)) {
    checkSelect(query.node)
    return
  }
  if (from.type === 'JOIN') {
    const unnests = [from.left, from.right].some((side) => isNode(side) && side.type === 'TABLE_FUNCTION')
    const hint = unnests
      ? 'Write `unnest(…)` in the SELECT list, or use the operator FLATMAP.'
      : 'Use the operator JOIN.'
    throw needs('A join', hint)
  }
  if (from.type === 'PIVOT') throw needs('PIVOT', 'Use the operator AGGREGATE, or FLATMAP to make rows of columns.')
  throw needs('A query that reads no input', 'Select from `input`.')
}

function checkPart(node: TreeNode): void {
  if (node.class === 'WINDOW')
    throw needs(
      'A window function',
      'Use the operator WINDOW to group by time, or DEDUPLICATE for one record of each key.',
    )
  if (node.class === 'SUBQUERY')
    throw needs(
      'A subquery in an expression',
      'Use the operator JOIN, or list functions such as `list_sum` and `list_filter`.',
    )
  const name = node.class === 'FUNCTION' ? String(node.function_name).toLowerCase() : ''
  if (AGGREGATES.has(name))
    throw needs(
      `The aggregate \`${name === 'count_star' ? 'count' : name}\``,
      'Use the operator AGGREGATE, or WINDOW to group by time.',
    )
}

function needs(what: string, hint: string): JobError {
  return new JobError(
    'sql.refused',
    `${what} needs more than one record at a time, and the input of a STREAMING job never ends.`,
    { hint },
  )
}
