/** Names of types as people write them, and as DuckDB spells them. */
import { nodesOf, printExpressions, typesOf } from './syntax-tree.js'
import { parseExpression } from './user-sql.js'

const known = new Map<string, string | null>()

/** `int[]` → `INTEGER[]`; null: there is no such type. */
export async function canonicalType(name: string): Promise<string | null> {
  const found = known.get(name)
  if (found !== undefined) return found
  const type = await look(name)
  known.set(name, type)
  return type
}

async function look(name: string): Promise<string | null> {
  try {
    const frame = await parseExpression(`CAST(NULL AS ${name})`)
    const [cast, ...others] = nodesOf(frame.select_list)
    // The text may close the bracket, and go on.
    if (cast?.class !== 'CAST' || others.length > 0 || nodesOf([cast.child])[0]?.class !== 'CONSTANT') return null
    const [type = null] = await typesOf(await printExpressions([cast], frame), [{ name: 'x', type: 'INTEGER' }])
    return type === '"NULL"' ? null : type
  } catch {
    return null
  }
}
