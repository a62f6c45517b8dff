import type { Schema } from '../../core/record/schema.js'

/**
 * DuckDB's JSON reader passes numbers with a fraction through a DOUBLE. Of more than 15 digits some would be others then,
 * where a column is a decimal that could hold them all; as text they are read digit by digit.
 */
export function needsExactNumbers(payload: Schema): boolean {
  return payload.some(({ type }) =>
    [...type.matchAll(/DECIMAL\((\d+)/g)].some(([, digits]) => Number(digits) > exactDigits),
  )
}

const exactDigits = 15

/** Copies JSON, with quotes around such numbers; answers where it ends. At most doubles its length. */
export function copyExactly(bytes: Buffer, from: number, to: number, into: Buffer, at: number): number {
  let inText = false
  let index = from
  while (index < to) {
    const byte = bytes[index]!
    if (inText || !startsNumber(byte)) {
      if (byte === quote) inText = !inText
      into[at++] = byte
      index += 1
      if (inText && byte === backslash && index < to) into[at++] = bytes[index++]!
      continue
    }
    const end = endOfNumber(bytes, index, to)
    const isLong = digitsOf(bytes, index, end) > exactDigits && hasFraction(bytes, index, end)
    if (isLong) into[at++] = quote
    at += bytes.copy(into, at, index, end)
    if (isLong) into[at++] = quote
    index = end
  }
  return at
}

const quote = 0x22
const backslash = 0x5c
const minus = 0x2d

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const startsNumber = (byte: number) => isDigit(byte) || byte === minus
/** `.`, `+`, `-`, `e`, `E` */
const continues = (byte: number) =>
  isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === minus || (byte | 0x20) === 0x65

function endOfNumber(bytes: Buffer, from: number, to: number): number {
  let end = from + 1
  while (end < to && continues(bytes[end]!)) end += 1
  return end
}

function digitsOf(bytes: Buffer, from: number, to: number): number {
  let digits = 0
  for (let index = from; index < to; index += 1) if (isDigit(bytes[index]!)) digits += 1
  return digits
}

function hasFraction(bytes: Buffer, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (!isDigit(bytes[index]!) && bytes[index] !== minus) return true
  return false
}
