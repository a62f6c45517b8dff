/** Walks the whole parse tree against the allow-lists. What is not known is refused. */
import type { SqlKind } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { nearestHint } from '../core/spec/nearest.js'
import {
  AGGREGATE_BY_NAME,
  AGGREGATES,
  insteadOf,
  SCALARS,
  TABLE_FUNCTIONS,
  WINDOW_FUNCTIONS,
} from './allowed-functions.js'
import { clockName } from './pin-time.js'
import { isNode, nodesOf, type TreeNode } from './syntax-tree.js'

export type UserSqlKind = Exclude<SqlKind, 'FOREIGN'>

/** Where in the statement the walk is: what may be called, and which tables have which meaning. */
export interface Scope {
  readonly kind: UserSqlKind
  /** Lower case: inputs, and CTEs that are defined around here. */
  readonly tables: ReadonlySet<string>
}

/** Found neither in the allow-lists nor among the refused: a slip of the pen, or something that must not be called. */
export class UnknownFunction extends Error {
  constructor(readonly functionName: string) {
    super(functionName)
  }
}

export function checkTree(value: unknown, scope: Scope): void {
  if (Array.isArray(value)) for (const item of value) checkTree(item, scope)
  else if (!isNode(value)) return
  else if ('class' in value) checkExpression(value, scope)
  else if (typeof value.type === 'string') checkStructure(value, scope)
  else checkChildren(value, scope)
}

function checkChildren(node: TreeNode, scope: Scope): void {
  for (const child of Object.values(node)) checkTree(child, scope)
}

/** Expressions that mean the same wherever they stand. */
const PLAIN = new Set(['BETWEEN', 'CASE', 'CAST', 'COLLATE', 'COMPARISON', 'CONJUNCTION', 'LAMBDA', 'OPERATOR'])

function checkExpression(node: TreeNode, scope: Scope): void {
  const kind = String(node.class)
  if (kind === 'CONSTANT') checkConstant(node)
  else if (kind === 'COLUMN_REF') checkColumn(node)
  else if (kind === 'FUNCTION') checkFunction(node, scope)
  else if (kind === 'WINDOW') checkWindow(node, scope)
  else if (kind === 'SUBQUERY') onlyInQuery(scope, 'A subquery', 'Combine inputs with JOIN, or use the operator SQL.')
  else if (kind === 'STAR') onlyInQuery(scope, '`*`', 'Name the columns.')
  else if (kind === 'PARAMETER')
    refuse('A parameter such as `$1` or `?`', 'Declare a parameter of the job and write `${name}`.')
  else if (kind === 'POSITIONAL_REFERENCE') refuse('A column by its number, such as `#1`,', 'Name the column.')
  else if (!PLAIN.has(kind)) refuse(`An expression of the kind ${kind}`)
  // A constant's value is data, whatever it looks like.
  if (kind !== 'CONSTANT') checkChildren(node, scope)
}

/** DuckDB cannot read back the infinity that `1e400` becomes. */
function checkConstant(node: TreeNode): void {
  const value = isNode(node.value) ? node.value.value : null
  if (typeof value === 'string' && /^\0-?(Infinity|NaN)$/.test(value)) {
    throw new JobError('sql.invalid', 'A number is too large to be written as a literal.', {
      hint: "Use 'infinity'::DOUBLE.",
    })
  }
}

/** `rowid` is a place within a batch, and batches are cut by timing (I9). */
function checkColumn(node: TreeNode): void {
  const names = (node.column_names as readonly unknown[]).map((name) => String(name).toLowerCase())
  if (names.includes('rowid')) refuse('`rowid`', 'Give the column another name in its source.')
}

function checkFunction(node: TreeNode, scope: Scope): void {
  readMethodCall(node)
  const name = String(node.function_name).toLowerCase()
  if (node.export_state === true) refuse('EXPORT_STATE')
  if (clockName(node) !== null) return
  if (AGGREGATE_BY_NAME.has(name)) checkNamedAggregate(name, node)
  if (SCALARS.has(name)) return
  if (name === 'unnest') onlyInQuery(scope, '`unnest`', 'Use the operator FLATMAP.')
  else if (AGGREGATES.has(name)) checkAggregate(name, scope)
  else if (WINDOW_FUNCTIONS.has(name)) refuse(`\`${name}\` without OVER`, 'Use it with OVER in the operator SQL.')
  else throw new UnknownFunction(name)
}

function checkAggregate(name: string, { kind }: Scope): void {
  if (kind !== 'AGGREGATE' && kind !== 'QUERY') refuse(`The aggregate \`${name}\``, 'Use the operator AGGREGATE.')
}

/** `name.upper()`: the parser takes the column for a schema. */
function readMethodCall(node: TreeNode): void {
  const path = [node.catalog, node.schema].map(String).filter((part) => part !== '')
  node.catalog = ''
  if (path.length === 0 || (path.length === 1 && path[0] === 'main')) return
  node.schema = ''
  const subject = { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0, column_names: path }
  node.children = [subject, ...nodesOf(node.children)]
}

function checkNamedAggregate(name: string, node: TreeNode): void {
  const argument = nodesOf(node.children)[1]
  const value = argument?.class === 'CONSTANT' && isNode(argument.value) ? String(argument.value.value) : ''
  if (!AGGREGATES.has(value.toLowerCase()))
    refuse(`\`${name}\` with an aggregate that is not named by a literal, or not allowed,`)
}

function checkWindow(node: TreeNode, scope: Scope): void {
  const name = String(node.function_name).toLowerCase()
  onlyInQuery(scope, 'A window function', 'Use the operator SQL, which sees all records.')
  if (!AGGREGATES.has(name) && !WINDOW_FUNCTIONS.has(name)) throw new UnknownFunction(name)
  if (node.schema !== '' || node.catalog !== '') refuse('A function of another schema')
}

const STRUCTURES = new Set([
  'SELECT_NODE', 'SET_OPERATION_NODE', 'CTE_NODE',
  'EMPTY', 'SUBQUERY', 'JOIN', 'EXPRESSION_LIST', 'PIVOT',
  'ORDER_MODIFIER', 'LIMIT_MODIFIER', 'DISTINCT_MODIFIER', 'ORDER_DEFAULT', 'ASCENDING', 'DESCENDING',
  'DECIMAL_TYPE_INFO', 'STRING_TYPE_INFO', 'LIST_TYPE_INFO', 'STRUCT_TYPE_INFO', 'ARRAY_TYPE_INFO', 'UNBOUND_TYPE_INFO',
]) // biome-ignore format: one line per family

function checkStructure(node: TreeNode, scope: Scope): void {
  const type = String(node.type)
  if (isNode(node.sample)) refuse('A sample', 'Filter by a hash of a key, such as `hash(id) % 10 = 0`.')
  if (isNode(node.at_clause)) refuse('AT')
  if (type === 'BASE_TABLE') checkTable(node, scope)
  else if (type === 'TABLE_FUNCTION') checkTableFunction(node, scope)
  else if (type === 'RECURSIVE_CTE_NODE') checkRecursion(node, scope)
  else if (STRUCTURES.has(type)) checkKnownStructure(node, scope)
  else refuse(type === 'SHOW_REF' ? 'DESCRIBE, SHOW or SUMMARIZE' : `${type} in a query`)
}

function checkKnownStructure(node: TreeNode, scope: Scope): void {
  if (nodesOf(node.pivots).some((pivot) => pivot.pivot_enum !== '')) refuse('A PIVOT over an ENUM type')
  const elsewhere = node.type === 'UNBOUND_TYPE_INFO' && (node.schema !== '' || node.catalog !== '')
  if (elsewhere) refuse('A type of another schema')
  checkChildren(withoutCtes(node), withCtes(node, scope))
}

/** Each CTE sees those before it; whatever is around sees all of them, and nothing outside sees any. */
function withCtes(node: TreeNode, scope: Scope): Scope {
  const entries = isNode(node.cte_map) ? nodesOf(node.cte_map.map) : []
  return entries.reduce<Scope>((known, entry) => {
    checkTree(entry.value, known)
    return addTable(known, String(entry.key))
  }, scope)
}

const withoutCtes = ({ cte_map: _, ...rest }: TreeNode): TreeNode => rest

const addTable = (scope: Scope, name: string): Scope => ({
  ...scope,
  tables: new Set([...scope.tables, name.toLowerCase()]),
})

function checkRecursion(node: TreeNode, scope: Scope): void {
  const { left, ...rest } = withoutCtes(node)
  const known = withCtes(node, scope)
  checkTree(left, known)
  checkChildren(rest, addTable(known, String(node.cte_name)))
}

function checkTable(node: TreeNode, scope: Scope): void {
  const path = [node.catalog_name, node.schema_name, node.table_name].map(String).filter((part) => part !== '')
  if (path.length === 1 && scope.tables.has(path[0]!.toLowerCase())) return
  const known = [...scope.tables]
  const hint =
    nearestHint(path.join('.'), known) ??
    (known.length === 0 ? 'Only the columns of the input can be seen here.' : `Readable here: ${known.join(', ')}.`)
  refuse(`The table \`${path.join('.')}\``, hint)
}

function checkTableFunction(node: TreeNode, scope: Scope): void {
  const call = node.function
  const name = isNode(call) ? String(call.function_name).toLowerCase() : ''
  if (
    !isNode(call) ||
    call.class !== 'FUNCTION' ||
    call.catalog !== '' ||
    !['', 'main'].includes(String(call.schema))
  ) {
    refuse('A table function of another schema')
  }
  if (!TABLE_FUNCTIONS.has(name)) throw new UnknownFunction(name)
  checkChildren({ ...node, function: null }, scope)
  checkChildren(call, scope)
}

function onlyInQuery(scope: Scope, what: string, hint: string): void {
  if (scope.kind !== 'QUERY') refuse(what, hint)
}

export function refuse(what: string, hint?: string): never {
  throw new JobError('sql.refused', `${what} is not allowed here.`, hint === undefined ? {} : { hint })
}

/** The words for an unknown function: refused with what to use instead, or a slip with the name that was meant. */
export function unknownFunction(name: string, exists: boolean): JobError {
  const instead = insteadOf(name)
  if (exists || instead !== null) {
    return new JobError(
      'sql.refused',
      `The function \`${name}\` is not allowed here.`,
      instead === null ? {} : { hint: instead },
    )
  }
  const hint = nearestHint(name, [...SCALARS, ...AGGREGATES])
  return new JobError('sql.invalid', `There is no function \`${name}\`.`, hint === null ? {} : { hint })
}
