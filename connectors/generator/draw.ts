import { createHash } from 'node:crypto'
import { text } from '../../duckdb/sql.js'

/** Of which column the random values are, and what for: each has a sequence of its own. */
export interface Stream {
  readonly seed: number
  readonly column: string
  readonly use: 'VALUE' | 'NULL'
}

/**
 * A random 64-bit number (UBIGINT) as a function of `n`: element n of the SplitMix64 sequence that starts at the stream's
 * key. Arithmetic alone, which no version of DuckDB changes as it does `hash()`; a tenth of the time that MD5 takes.
 */
export function draw(stream: Stream): string {
  const start = wrapped(`CAST(n AS UHUGEINT) * ${whole('11400714819323198485')} + ${whole(String(keyOf(stream)))}`)
  const once = multiplied(folded(start, 30), '13787848793156543929')
  const twice = multiplied(folded(once, 27), '10723151780598845931')
  return folded(twice, 31)
}

/** 128 random bits as 32 hexadecimal digits; `part` gives more of them. */
export function drawHex(stream: Stream, part: number): string {
  return `md5(${text(`${keyOf(stream)}/${part}/`)} || n)`
}

function keyOf({ seed, column, use }: Stream): bigint {
  return createHash('sha256')
    .update(JSON.stringify([seed, column, use]))
    .digest()
    .readBigUInt64BE()
}

/** What is repeated in the text is computed once: DuckDB finds common subexpressions. */
const folded = (value: string, bits: number) => `xor(${value}, ${value} >> ${bits})`

const multiplied = (value: string, by: string) => wrapped(`CAST(${value} AS UHUGEINT) * ${whole(by)}`)

/** Modulo 2^64: DuckDB refuses a product that does not fit, so it is taken of a wider type. */
const wrapped = (value: string) => `CAST((${value}) & ${whole('18446744073709551615')} AS UBIGINT)`

const whole = (digits: string) => `CAST(${digits} AS UHUGEINT)`
