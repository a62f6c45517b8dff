/** Text of a user becomes SQL that may run: parsed, walked against the allow-list, pinned in time, printed again. */
import { JobError } from '../core/errors/job-error.js'
import { checkTree, refuse, type Scope, UnknownFunction, type UserSqlKind, unknownFunction } from './check-tree.js'
import { nameTimeColumns, pinTime } from './pin-time.js'
import { functionExists, nodesOf, parse, print, type TreeNode } from './syntax-tree.js'

export interface UserSqlOptions {
  /** What `now()` means (I9), ISO 8601; null: any time of the right type, for binding only. */
  readonly now: string | null
  /** QUERY: names of the tables that may be read. */
  readonly tables?: readonly string[]
}

/**
 * SQL that means what the text means, and is safe to embed as `(…)`. Throws `sql.refused` or `sql.invalid`.
 * What is printed is read and walked once more: not what was read decides, but what will run.
 */
export async function checkUserSql(kind: UserSqlKind, text: string, options: UserSqlOptions): Promise<string> {
  const tables = kind === 'QUERY' ? (options.tables ?? []) : []
  const scope: Scope = { kind, tables: new Set(tables.map((table) => table.toLowerCase())) }
  const select = kind === 'QUERY' ? await parseQuery(text) : await parseExpression(text)
  await walk(select, scope)
  if (kind === 'QUERY') nameTimeColumns(select)
  pinTime(select, options.now)
  const [printed = ''] = await print(select)
  if (kind === 'QUERY') {
    await walk(await parseQuery(printed), scope)
    return printed
  }
  const expression = printed.replace(/^SELECT /, '')
  await walk(await parseExpression(expression), scope)
  return expression
}

async function parseQuery(text: string): Promise<TreeNode> {
  const [statements = []] = await parse(text)
  return onlyStatement(statements)
}

/**
 * The one SELECT whose only item is the expression. Read twice, bare and in parentheses: text that closes the parenthesis
 * around it fails as the one, text that goes on after an expression (an alias, a clause, a second item) as the other.
 */
export async function parseExpression(text: string): Promise<TreeNode> {
  const sql = quoteSides(text)
  const [bare = [], wrapped = []] = await parse(`SELECT ${sql}\n`, `SELECT (${sql}\n)`)
  for (const statements of [bare, wrapped]) {
    const select = onlyStatement(statements)
    if (!isBareExpression(select)) {
      throw new JobError('sql.invalid', 'Expected one expression and nothing after it.', {
        hint: 'No alias, no comma, no clause such as FROM or WHERE.',
      })
    }
  }
  return wrapped[0]!
}

function onlyStatement(statements: readonly TreeNode[]): TreeNode {
  if (statements.length !== 1) refuse('More than one statement')
  return statements[0]!
}

function isBareExpression(select: TreeNode): boolean {
  const items = nodesOf(select.select_list)
  const from = select.from_table as TreeNode | null
  const nothing = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0)
  return (
    select.type === 'SELECT_NODE' &&
    items.length === 1 &&
    items[0]!.alias === '' &&
    from?.type === 'EMPTY' &&
    select.aggregate_handling === 'STANDARD_HANDLING' &&
    nodesOf((select.cte_map as TreeNode).map).length === 0 &&
    ['modifiers', 'where_clause', 'group_expressions', 'group_sets', 'having', 'sample', 'qualify'].every((key) =>
      nothing(select[key]),
    )
  )
}

/** `left.x` is not SQL, LEFT being a keyword; users of JOIN write it all the same. Texts and names are passed over. */
function quoteSides(text: string): string {
  const tokens =
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[\s\S]*?\$\$|--[^\n]*|\/\*[\s\S]*?\*\/|(?<![\w."])(left|right)\s*\.(?!\s*\d)/gi
  return text.replace(tokens, (token, side: string | undefined) =>
    side === undefined ? token : `"${side.toLowerCase()}".`,
  )
}

async function walk(select: TreeNode, scope: Scope): Promise<void> {
  try {
    checkTree(select, scope)
  } catch (error) {
    if (!(error instanceof UnknownFunction)) throw error
    throw unknownFunction(error.functionName, await functionExists(error.functionName))
  }
}
