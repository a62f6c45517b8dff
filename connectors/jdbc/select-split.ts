import type { JdbcSourceConfig } from './config.js'
import { name } from './mysql-sql.js'
import type { JdbcSplit } from './position.js'
import { columnList, literal, type ReadColumn, type Relation } from './relation.js'

/** The SELECT of one split: the columns, and after them those of the key, in the order of the key. */
export function selectSplit(relation: Relation, config: JdbcSourceConfig, split: JdbcSplit): string {
  const { key } = relation
  const columns = columnList([...relation.columns, ...key])
  const select = `SELECT ${columns} FROM ${relation.from}`
  const order = key.length > 0 ? ` ORDER BY ${columnList(key)}` : ''
  switch (split.kind) {
    case 'WHOLE':
      return select
    case 'RANGE':
      return `${select} WHERE ${name(key[0]!.name)} BETWEEN ${split.from} AND ${split.to}${order}`
    case 'SINCE':
      return `${select}${since(split, config)}`
    case 'PAGE': {
      const conditions = [
        ...(split.after ? [after(key, split.after)] : []),
        ...(split.upper === null ? [] : [`${name(key[0]!.name)} <= ${literal(key[0]!, split.upper)}`]),
      ]
      const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''
      return `${select}${where}${order} LIMIT ${split.limit}`
    }
  }
}

function since(split: Extract<JdbcSplit, { kind: 'SINCE' }>, config: JdbcSourceConfig): string {
  const column = name(config.incremental!.column)
  const quoted = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  const from = split.after === null ? '' : `${column} > ${quoted(split.after)} AND `
  return ` WHERE ${from}${column} <= ${quoted(split.upto ?? '')} ORDER BY ${column}`
}

/** (a, b) > (x, y), spelled out so that an index on them is used. */
function after(key: readonly ReadColumn[], values: readonly string[]): string {
  const parts = key.map((column, at) => {
    const equal = key.slice(0, at).map((one, index) => `${name(one.name)} = ${literal(one, values[index]!)}`)
    return `(${[...equal, `${name(column.name)} > ${literal(column, values[at]!)}`].join(' AND ')})`
  })
  return `(${parts.join(' OR ')})`
}
