/** What the points in JSON tell of its numbers. They are few: to look at each costs less than to look at every byte. */
import type { Schema } from '../core/record/schema.js'

export interface Points {
  /** A value of one of the names is a number with a point. */
  readonly fractions: boolean
  /** A number has a point and more digits than a DOUBLE keeps. In text it may be mistaken. */
  readonly inexact: boolean
}

/** `names`: null, any number counts. */
export function pointsIn(bytes: Uint8Array, names: readonly Buffer[] | null): Points {
  const found = { fractions: false, inexact: false }
  for (let at = bytes.indexOf(point); at >= 0; at = bytes.indexOf(point, at + 1)) {
    let before = at - 1
    while (isDigit(bytes[before]!)) before -= 1
    if (before === at - 1) continue
    let to = at + 1
    while (isDigit(bytes[to]!)) to += 1
    if (!found.fractions && (names === null || isValueOf(names, bytes, before))) found.fractions = true
    if (to - before > mostDigits + 2 && isInexact(wholeNumber(bytes, before + 1, to))) found.inexact = true
    if (found.fractions && found.inexact) return found
  }
  return found
}

/** Whether it has a point and a DOUBLE would give other digits. */
export function isInexact(number: string): boolean {
  const [digits = ''] = /\d+\.\d*/.exec(number) ?? []
  return digits.length > mostDigits + 1 && String(Number(number)) !== number
}

/** Of so many digits a DOUBLE keeps all. */
export const mostDigits = 15

/** Names of the columns whose values may be no fractions; null: they cannot be told by names alone. */
export function wholeNames(columns: Schema): readonly Buffer[] | null {
  if (columns.some(({ type }) => needsDigits.test(type) && !isWhole(type))) return null
  const names = columns.filter(({ type }) => isWhole(type)).map(({ name }) => Buffer.from(JSON.stringify(name)))
  return names.some((name) => name.includes(backslash)) ? null : names
}

const needsDigits = /\b(DECIMAL|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT))\b/

export const isWhole = (type: string): boolean => /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type)

/** Names with their quotes. One that is written with escapes may be any. */
function isValueOf(names: readonly Buffer[], bytes: Uint8Array, before: number): boolean {
  let at = before
  if (bytes[at] === minus) at -= 1
  while (isBlank(bytes[at]!)) at -= 1
  if (bytes[at] !== colon) return false
  at -= 1
  while (isBlank(bytes[at]!)) at -= 1
  if (bytes[at] !== quote) return false
  let from = at - 1
  while (from >= 0 && bytes[from] !== quote && bytes[from] !== backslash) from -= 1
  if (bytes[from] === backslash || bytes[from - 1] === backslash) return true
  const length = at + 1 - from
  for (const name of names) if (name.length === length && name.compare(bytes, from, at + 1) === 0) return true
  return false
}

function wholeNumber(bytes: Uint8Array, from: number, to: number): string {
  let end = to
  while (isDigit(bytes[end]!) || bytes[end] === minus || bytes[end] === plus || ((bytes[end] ?? 0) | 0x20) === 0x65)
    end += 1
  return Buffer.from(bytes.subarray(from, end)).toString('latin1')
}

const point = 0x2e
const quote = 0x22
const backslash = 0x5c
const minus = 0x2d
const plus = 0x2b
const colon = 0x3a

/** Beyond either end of the bytes there is none. */
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const isBlank = (byte: number) => byte === 0x20 || byte === 9 || byte === 10 || byte === 13
