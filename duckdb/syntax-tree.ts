/** DuckDB's own parse tree, as `json_serialize_sql` gives it, and back to text. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { JobError } from '../core/errors/job-error.js'
import type { Schema } from '../core/record/schema.js'
import { duckdbError } from './errors.js'
import { identifier } from './sql.js'

/** Any object of the tree. Expressions have a `class`, everything else that matters has a `type`. */
export interface TreeNode {
  [key: string]: unknown
}

/** The statements of several texts. Throws `sql.invalid` for what is not SQL, `sql.refused` for what is no SELECT. */
export async function parse(...texts: readonly string[]): Promise<TreeNode[][]> {
  for (const text of texts) {
    if (text.includes('\0')) throw new JobError('sql.invalid', 'SQL cannot hold a NUL character.')
  }
  const answers = await ask(
    texts.map((_, index) => `json_serialize_sql($${index + 1}::VARCHAR)`),
    texts,
  )
  return answers.map(statementsOf)
}

/** SELECT statements as text, in one round trip. */
export async function print(...selects: readonly TreeNode[]): Promise<string[]> {
  const trees = selects.map((node) =>
    writeExactly({ error: false, statements: [{ node: withDoubles(node), named_param_map: [] }] }),
  )
  return ask(
    trees.map((_, index) => `json_deserialize_sql($${index + 1}::JSON)`),
    trees,
  )
}

/** Text of expressions, in one round trip. */
export async function printExpressions(expressions: readonly TreeNode[], frame: TreeNode): Promise<string[]> {
  if (expressions.length === 0) return []
  const texts = await print(
    ...expressions.map((expression) => ({ ...frame, select_list: [{ ...expression, alias: '' }] })),
  )
  return texts.map((text) => text.replace(/^SELECT /, ''))
}

/** Types of expressions over an input, by binding them. */
export async function typesOf(
  expressions: readonly string[],
  input: Schema,
  groupBy: readonly string[] = [],
): Promise<string[]> {
  if (expressions.length === 0) return []
  const columns = input.map(({ name, type }) => `NULL::${type} AS ${identifier(name)}`).join(', ')
  const items = expressions.map((expression, index) => `(${expression}) AS c${index}`).join(', ')
  const grouping = groupBy.length === 0 ? '' : ` GROUP BY ${groupBy.join(', ')}`
  try {
    const connection = await parser()
    const reader = await connection.runAndReadAll(`DESCRIBE SELECT ${items} FROM (SELECT ${columns})${grouping}`)
    return reader.getRows().map((row) => String(row[1]))
  } catch (error) {
    throw duckdbError(error, 'BIND')
  }
}

/** Is there such a function at all? Asked only to word a refusal. */
export async function functionExists(name: string): Promise<boolean> {
  const [answer] = await ask(
    ['(SELECT count(*) FROM duckdb_functions() WHERE lower(function_name) = $1)::VARCHAR'],
    [name],
  )
  return answer !== '0'
}

export const isNode = (value: unknown): value is TreeNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const nodesOf = (value: unknown): TreeNode[] => (Array.isArray(value) ? value.filter(isNode) : [])

/** Every object below a value, itself included, parents first. */
export function* everyNode(value: unknown): Generator<TreeNode> {
  if (Array.isArray(value)) for (const item of value) yield* everyNode(item)
  if (!isNode(value)) return
  yield value
  for (const child of Object.values(value)) yield* everyNode(child)
}

function statementsOf(json: string): TreeNode[] {
  const answer = readExactly(json)
  if (answer.error !== true) return nodesOf(answer.statements).map((statement) => statement.node as TreeNode)
  if (answer.error_type === 'not implemented') {
    throw new JobError('sql.refused', 'Only a SELECT is allowed here, and only one.', {
      hint: 'Jobs read through source nodes and write through sink nodes.',
    })
  }
  throw duckdbError(new Error(`Parser Error: ${answer.error_message}`), 'BIND')
}

/** Numbers that JavaScript would round (64-bit integers, exact doubles) are carried as marked text. */
function readExactly(json: string): TreeNode {
  // The mark must not come from a text of the user's.
  if (/(?<!\\)(\\\\)*\\u0000/.test(json)) throw new JobError('sql.invalid', 'SQL cannot hold a NUL character.')
  const marked = json.replace(/"(?:[^"\\]|\\.)*"|-?(?:\d[\d.eE+-]*|Infinity|NaN)/g, (token) =>
    token.startsWith('"') || /^-?\d{1,15}$/.test(token) ? token : `"\\u0000${token}"`,
  )
  return JSON.parse(marked)
}

function writeExactly(tree: TreeNode): string {
  return JSON.stringify(tree).replace(/"\\u0000([^"\\]*)"/g, '$1')
}

/** DuckDB prints the DOUBLE `1e3` as `1000.0`, which it reads back as a DECIMAL. */
function withDoubles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDoubles)
  if (!isNode(value)) return value
  if (value.class !== 'CONSTANT')
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withDoubles(child)]))
  const constant = value.value
  if (!isNode(constant) || !isNode(constant.type) || constant.type.id !== 'DOUBLE') return value
  const digits = String(constant.value).replace('\0', '')
  return castOf(digits, 'DOUBLE', String(value.alias))
}

/** `CAST('text' AS type)` */
export function castOf(text: string, type: string, alias: string): TreeNode {
  const constant = { type: { id: 'VARCHAR', type_info: null }, is_null: false, value: text }
  return {
    class: 'CAST',
    type: 'OPERATOR_CAST',
    alias,
    query_location: 0,
    child: { class: 'CONSTANT', type: 'VALUE_CONSTANT', alias: '', query_location: 0, value: constant },
    cast_type: { id: type, type_info: null },
    try_cast: false,
  }
}

async function ask(columns: readonly string[], values: readonly string[]): Promise<string[]> {
  const connection = await parser()
  try {
    const reader = await connection.runAndReadAll(`SELECT ${columns.join(', ')}`, [...values])
    return (reader.getRows()[0] ?? []).map(String)
  } catch (error) {
    throw duckdbError(error, 'BIND')
  }
}

let shared: Promise<DuckDBConnection> | undefined

/** A tiny instance that only parses and binds: it never holds data, and lives as long as the process. */
function parser(): Promise<DuckDBConnection> {
  shared ??= openParser()
  return shared
}

async function openParser(): Promise<DuckDBConnection> {
  const settings = {
    threads: '1',
    memory_limit: '64MiB',
    autoload_known_extensions: 'false',
    autoinstall_known_extensions: 'false',
  }
  const instance = await DuckDBInstance.create(':memory:', settings)
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'; SET enable_external_access = false; SET lock_configuration = true")
  return connection
}
