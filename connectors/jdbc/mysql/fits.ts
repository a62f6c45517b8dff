/** Which columns of MySQL hold which kinds of values. */
import type { TargetColumn } from '../target.js'
import { type Family, writtenAs } from './types.js'

/** By kind: a value that is out of range is a matter of records. */
export function fits(type: string, { dataType, scale }: TargetColumn): boolean {
  const { family } = writtenAs(type)
  if (scale !== null && family === 'DECIMAL' && decimals.has(dataType)) {
    return Number(/,\s*(\d+)\)/.exec(type)?.[1] ?? 0) <= scale
  }
  // FLOAT(7,3) rounds.
  if (scale !== null && floats.has(dataType) && family !== 'INTEGER') return false
  return holds[family].some((kinds) => kinds.has(dataType))
}

/** Names that the server does not take; null: it does. */
export function faultOfName(name: string): string | null {
  const characters = [...name]
  if (characters.length > longestName) return `it is longer than ${longestName} characters`
  if (characters.some((character) => character.codePointAt(0)! > 0xffff || character === '\0')) {
    return 'it holds a character that names may not hold'
  }
  return name.endsWith(' ') ? 'it ends in a space' : null
}

export const faultOfType = (type: string): string | null =>
  type === 'TIMESTAMP_NS' ? 'MySQL keeps microseconds, and TIMESTAMP_NS has nanoseconds' : null

const longestName = 64

const integers = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
const decimals = new Set(['decimal'])
const floats = new Set(['float', 'double'])
const texts = new Set([
  'char',
  'varchar',
  'tinytext',
  'text',
  'mediumtext',
  'longtext',
  'enum',
  'set',
  'json',
  'uuid',
  'inet6',
  'inet4',
])
const binaries = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])

const holds: Readonly<Record<Family, readonly ReadonlySet<string>[]>> = {
  INTEGER: [integers, decimals, floats, texts, new Set(['year', 'bit'])],
  DECIMAL: [decimals, floats, texts],
  FLOAT: [floats, texts],
  TEXT: [texts],
  JSON: [texts],
  BINARY: [binaries],
  DATE: [new Set(['date', 'datetime', 'timestamp']), texts],
  DATETIME: [new Set(['datetime', 'timestamp']), texts],
  TIME: [new Set(['time']), texts],
  BOOLEAN: [integers, decimals, new Set(['bit'])],
}
