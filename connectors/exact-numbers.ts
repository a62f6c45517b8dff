import type { Schema } from '../core/record/schema.js'

/**
 * DuckDB's JSON reader passes numbers with a fraction through a DOUBLE. Of more than 15 digits some would be others then,
 * where a column is a decimal that could hold them all; as text they are read digit by digit.
 */
export function needsExactNumbers(columns: Schema): boolean {
  return columns.some(({ type }) =>
    [...type.matchAll(/DECIMAL\((\d+)/g)].some(([, digits]) => Number(digits) > exactDigits),
  )
}

const exactDigits = 15

/** Copies whole JSON, with quotes around such numbers; answers where it ends. At most doubles its length. */
export function copyExactly(bytes: Uint8Array, from: number, to: number, into: Buffer, at: number): number {
  return copy({ bytes, from, to, final: true }, { into, at }, { inText: false }).at
}

/** Whole JSON, likewise. */
export function exactly(bytes: Uint8Array): Uint8Array {
  const into = Buffer.allocUnsafe(2 * bytes.length)
  return into.subarray(0, copyExactly(bytes, 0, bytes.length, into, 0))
}

/** JSON piece by piece, likewise. */
export async function* allExactly(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const state: State = { inText: false }
  let left: Uint8Array = new Uint8Array(0)
  const next = (bytes: Uint8Array, final: boolean) => {
    const into = Buffer.allocUnsafe(2 * bytes.length)
    const { from, at } = copy({ bytes, from: 0, to: bytes.length, final }, { into, at: 0 }, state)
    left = bytes.subarray(from)
    return into.subarray(0, at)
  }
  for await (const piece of pieces) yield next(left.length === 0 ? piece : Buffer.concat([left, piece]), false)
  yield next(left, true)
}

interface State {
  inText: boolean
}

/** Up to what may go on in what follows, if it is not the end. */
function copy(
  { bytes, from, to, final }: { bytes: Uint8Array; from: number; to: number; final: boolean },
  { into, at }: { into: Buffer; at: number },
  state: State,
): { readonly from: number; readonly at: number } {
  let index = from
  while (index < to) {
    const byte = bytes[index]!
    if (state.inText || !startsNumber(byte)) {
      const isEscape = state.inText && byte === backslash
      if (isEscape && index + 1 === to && !final) break
      if (byte === quote) state.inText = !state.inText
      into[at++] = byte
      index += 1
      if (isEscape && index < to) into[at++] = bytes[index++]!
      continue
    }
    const end = endOfNumber(bytes, index, to)
    if (end === to && !final) break
    const isLong = digitsOf(bytes, index, end) > exactDigits && hasFraction(bytes, index, end)
    if (isLong) into[at++] = quote
    into.set(bytes.subarray(index, end), at)
    at += end - index
    if (isLong) into[at++] = quote
    index = end
  }
  return { from: index, at }
}

const quote = 0x22
const backslash = 0x5c
const minus = 0x2d

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
const startsNumber = (byte: number) => isDigit(byte) || byte === minus
/** `.`, `+`, `-`, `e`, `E` */
const continues = (byte: number) =>
  isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === minus || (byte | 0x20) === 0x65

function endOfNumber(bytes: Uint8Array, from: number, to: number): number {
  let end = from + 1
  while (end < to && continues(bytes[end]!)) end += 1
  return end
}

function digitsOf(bytes: Uint8Array, from: number, to: number): number {
  let digits = 0
  for (let index = from; index < to; index += 1) if (isDigit(bytes[index]!)) digits += 1
  return digits
}

function hasFraction(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (!isDigit(bytes[index]!) && bytes[index] !== minus) return true
  return false
}
