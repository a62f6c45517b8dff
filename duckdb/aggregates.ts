/** Takes checked expressions apart: which aggregates they hold, which columns they read. */
import { AGGREGATES, ORDER_SENSITIVE } from './allowed-functions.js'
import { everyNode, isNode, nodesOf, printExpressions, type TreeNode } from './syntax-tree.js'
import { parseExpression } from './user-sql.js'

export interface SplitAggregates {
  /** The expression over columns that hold the aggregates' results. */
  readonly outer: string
  readonly aggregates: readonly AggregateCall[]
  /** The whole expression, with source order where the result depends on the order of the records. */
  readonly inSourceOrder: string
  /** Columns that it reads, by their first name; may also hold names of lambda parameters. */
  readonly columns: readonly string[]
}

export interface AggregateCall {
  /** The column that `outer` reads its result from. */
  readonly column: string
  /** Lower case. */
  readonly name: string
  readonly call: string
  readonly argument: string | null
  readonly filter: string | null
  /** One argument at most, no DISTINCT, no ORDER BY: a candidate for partial results. */
  readonly simple: boolean
}

/** `columnPrefix` names the columns of `outer`; `rowid` is what source order means. */
export async function splitAggregates(expression: string, columnPrefix: string): Promise<SplitAggregates> {
  const frame = await parseExpression(expression)
  const whole = nodesOf(frame.select_list)[0]!
  const columns = columnsOf(whole)
  const calls: TreeNode[] = []
  const outer = replaceAggregates(structuredClone(whole), calls, columnPrefix)
  const parts = calls.map((call) => [call, nodesOf(call.children)[0] ?? null, isNode(call.filter) ? call.filter : null])
  const ordered = structuredClone(whole)
  for (const node of everyNode(ordered)) if (isAggregate(node)) addSourceOrder(node)
  const present = parts.flat().filter((node) => node !== null)
  const [outerText = '', inSourceOrder = '', ...texts] = await printExpressions([outer, ordered, ...present], frame)
  const textOf = new Map(present.map((node, index) => [node, texts[index] ?? '']))
  const aggregates = parts.map(([call, argument, filter], index) => ({
    column: `${columnPrefix}${index}`,
    name: String(call!.function_name).toLowerCase(),
    call: textOf.get(call!)!,
    argument: argument ? textOf.get(argument)! : null,
    filter: filter ? textOf.get(filter)! : null,
    simple: isSimple(call!),
  }))
  return { outer: outerText, aggregates, inSourceOrder, columns }
}

/** Columns that a checked expression reads, by their first name. */
export async function referencedColumns(expression: string): Promise<string[]> {
  return columnsOf(await parseExpression(expression))
}

function columnsOf(tree: TreeNode): string[] {
  const names = new Set<string>()
  for (const node of everyNode(tree)) {
    if (node.class === 'COLUMN_REF') names.add(String((node.column_names as readonly unknown[])[0]))
  }
  return [...names]
}

function isAggregate(node: TreeNode): boolean {
  return node.class === 'FUNCTION' && AGGREGATES.has(String(node.function_name).toLowerCase())
}

function isSimple(call: TreeNode): boolean {
  return nodesOf(call.children).length <= 1 && call.distinct !== true && ordersOf(call).length === 0
}

function replaceAggregates(node: TreeNode, calls: TreeNode[], prefix: string): TreeNode {
  if (isAggregate(node)) {
    calls.push(node)
    return columnRef(`${prefix}${calls.length - 1}`)
  }
  for (const [key, child] of Object.entries(node)) {
    if (isNode(child)) node[key] = replaceAggregates(child, calls, prefix)
    else if (Array.isArray(child))
      node[key] = child.map((item) => (isNode(item) ? replaceAggregates(item, calls, prefix) : item))
  }
  return node
}

/** FIRST, LAST and ties go by source position (I9); of equal values DISTINCT keeps no position, so they go by value. */
function addSourceOrder(call: TreeNode): void {
  if (!ORDER_SENSITIVE.has(String(call.function_name).toLowerCase())) return
  const last = call.distinct === true ? nodesOf(call.children)[0]! : columnRef('rowid')
  const order = { type: 'ASCENDING', null_order: 'NULLS LAST', expression: structuredClone(last) }
  call.order_bys = { type: 'ORDER_MODIFIER', orders: [...ordersOf(call), order] }
}

const ordersOf = (call: TreeNode): TreeNode[] => (isNode(call.order_bys) ? nodesOf(call.order_bys.orders) : [])

const columnRef = (name: string): TreeNode => ({
  class: 'COLUMN_REF',
  type: 'COLUMN_REF',
  alias: '',
  query_location: 0,
  column_names: [name],
})
