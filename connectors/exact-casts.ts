/** From one type to another, where DuckDB would round and cut. Types have been through it before, which wrote them anew. */
import { exactValues } from './exact-values.js'

/** SQL of the value: fails, or gives NULL, where the type holds no such value. */
export interface Casts {
  readonly sure: string
  readonly tried: string
}

/** What cannot be cast back is another value. */
export function exactCasts(read: string, type: string, own: string): Casts {
  if (own === 'VARCHAR') {
    const value = exactValues([{ name: 'value', type }], asText).value('value', read) ?? `CAST(${read} AS ${type})`
    return { sure: value, tried: `TRY(${value})` }
  }
  const [sure, tried] = [`CAST(${read} AS ${type})`, `TRY_CAST(${read} AS ${type})`]
  if (own === type || !mayCut.test(type)) return { sure, tried }
  const isSame = `TRY_CAST(${tried} AS ${own}) IS NOT DISTINCT FROM ${read}`
  return {
    sure: `CASE WHEN ${isSame} THEN ${sure} ELSE CAST('another value: ' || CAST(${read} AS VARCHAR) AS ${type}) END`,
    tried: `CASE WHEN ${isSame} THEN ${tried} END`,
  }
}

const asText = { points: true, exponents: true, json: false, marked: false }

/** A FLOAT, and times finer than microseconds, give the nearest there is, as of text. */
const mayCut = /\b(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DECIMAL|DATE|TIME|BOOLEAN|TIMESTAMP_M?S)\b(?! ZONE)/
