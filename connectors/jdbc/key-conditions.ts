/** Comparisons of keys of several columns, spelled out so that an index on them is used. */
import type { Dialect } from './dialect.js'
import type { Key } from './position.js'
import type { ReadColumn } from './relation.js'

/** (a, b) > (x, y) */
export const afterKey = (dialect: Dialect, key: readonly ReadColumn[], values: Key): string =>
  compared(dialect, key, values, '>', '>')

/** (a, b) <= (x, y) */
export const uptoKey = (dialect: Dialect, key: readonly ReadColumn[], values: Key): string =>
  compared(dialect, key, values, '<', '<=')

function compared(dialect: Dialect, key: readonly ReadColumn[], values: Key, within: string, last: string): string {
  const is = (at: number, sign: string) =>
    `${dialect.name(key[at]!.name)} ${sign} ${dialect.reading.literal(key[at]!, values[at]!)}`
  const cases = key.map((_, at) => {
    const equal = key.slice(0, at).map((_column, before) => is(before, '='))
    return [...equal, is(at, at === key.length - 1 ? last : within)].join(' AND ')
  })
  if (key.length === 1) return cases[0]!
  return `${is(0, `${within}=`)} AND (${cases.map((one) => `(${one})`).join(' OR ')})`
}
