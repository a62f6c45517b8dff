/** Takes a checked condition apart at its ANDs and ORs, where DuckDB leaves out what does not matter any more. */
import { everyNode, isNode, nodesOf, printExpressions, type TreeNode } from './syntax-tree.js'
import { parseExpression } from './user-sql.js'

export type Condition =
  | { readonly kind: 'AND' | 'OR'; readonly parts: readonly Condition[] }
  | { readonly kind: 'PLAIN'; readonly text: string }

export async function splitCondition(expression: string): Promise<Condition> {
  if (!/\b(and|or)\b/i.test(expression)) return { kind: 'PLAIN', text: expression }
  const frame = await parseExpression(expression)
  const plain: TreeNode[] = []
  const whole = nodesOf(frame.select_list)[0]!
  collect(whole, plain)
  const texts = await printExpressions(plain, frame)
  const textOf = new Map(plain.map((node, index) => [node, texts[index] ?? '']))
  const build = (node: TreeNode): Condition => {
    const kind = kindOf(node)
    if (kind === null) return { kind: 'PLAIN', text: textOf.get(node)! }
    return { kind, parts: nodesOf(node.children).map(build) }
  }
  return build(whole)
}

/**
 * What a condition compares, as far as it reads columns of `side` only and joins comparisons by AND: computed for every
 * record of that side. Plain columns are left out, as they cannot fail.
 */
export async function comparedOn(condition: string, side: string): Promise<string[]> {
  const frame = await parseExpression(condition)
  const operands = conjuncts(nodesOf(frame.select_list)[0]!)
    .filter((node) => node.class === 'COMPARISON')
    .flatMap((node) => [node.left, node.right])
    .filter(isNode)
  const computed = operands.filter((node) => node.class !== 'COLUMN_REF' && readsOnly(node, side))
  return await printExpressions(computed, frame)
}

function conjuncts(node: TreeNode): TreeNode[] {
  return kindOf(node) === 'AND' ? nodesOf(node.children).flatMap(conjuncts) : [node]
}

function readsOnly(node: TreeNode, side: string): boolean {
  const columns = [...everyNode(node)].filter((one) => one.class === 'COLUMN_REF')
  const isOfSide = ({ column_names: names }: TreeNode) =>
    Array.isArray(names) && names.length > 1 && String(names[0]).toLowerCase() === side
  return columns.length > 0 && columns.every(isOfSide)
}

function collect(node: TreeNode, plain: TreeNode[]): void {
  if (kindOf(node) === null) plain.push(node)
  else for (const child of nodesOf(node.children)) collect(child, plain)
}

function kindOf(node: TreeNode): 'AND' | 'OR' | null {
  if (node.type === 'CONJUNCTION_AND') return 'AND'
  return node.type === 'CONJUNCTION_OR' ? 'OR' : null
}
