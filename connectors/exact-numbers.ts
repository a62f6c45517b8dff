/**
 * DuckDB's JSON reader passes numbers with a fraction through a DOUBLE. Where that would give other digits they are marked:
 * as text, behind blanks that no cast minds and nobody writes.
 */
import { isInexact, mostDigits, pointsIn } from './number-points.js'

/** SQL of a VARCHAR or JSON that may hold such numbers: as they were written. */
export function unmarked(read: string, type: 'VARCHAR' | 'JSON'): string {
  const within = `regexp_replace(CAST(${read} AS VARCHAR), '"\\\\f\\\\t\\\\f([-+.0-9eE]+)"', '\\1', 'g')`
  if (type === 'JSON') return `CAST(${within} AS JSON)`
  const plainMark = 'chr(12) || chr(9) || chr(12)'
  return `CASE WHEN starts_with(${read}, ${plainMark}) THEN ${read}[4:] WHEN contains(${read}, '\\f\\t\\f') THEN ${within} ELSE ${read} END`
}

/** Whole JSON, with such numbers marked; the same bytes where there are none. At most twice as many. */
export function exactly<Bytes extends Uint8Array>(bytes: Bytes): Bytes | Buffer {
  return pointsIn(bytes, []).inexact ? markedIn(bytes) : bytes
}

/** What of JSON is to be written for DuckDB, and what it may hold. `whole`: as `wholeNames` says. */
export interface Prepared<Bytes> {
  readonly bytes: Bytes | Buffer
  readonly points: boolean
  readonly exponents: boolean
  readonly marked: boolean
}

export function prepared<Bytes extends Uint8Array>(bytes: Bytes, whole: readonly Buffer[] | null): Prepared<Bytes> {
  const { fractions, inexact } = pointsIn(bytes, whole)
  const exponents = whole?.length !== 0 && holdsExponents(bytes)
  return { bytes: inexact ? markedIn(bytes) : bytes, points: fractions || inexact, exponents, marked: inexact }
}

/** What looks like a negative exponent. */
export function holdsExponents(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return text.includes('e-') || text.includes('E-')
}

function markedIn(bytes: Uint8Array): Buffer {
  const into = Buffer.allocUnsafe(2 * bytes.length)
  return into.subarray(
    0,
    copy({ bytes, from: 0, to: bytes.length, final: true }, { into, at: 0 }, { inText: false }).at,
  )
}

/** Whether there may be such numbers in JSON that comes piece by piece. */
export async function anyInexact(pieces: AsyncIterable<Uint8Array>): Promise<boolean> {
  let left: Uint8Array = new Uint8Array(0)
  for await (const piece of pieces) {
    const bytes = Buffer.concat([left, piece])
    if (pointsIn(bytes, []).inexact) return true
    left = bytes.subarray(-longestNumber)
  }
  return false
}

const longestNumber = 400

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
      // A line end is in no text: what an open quote has begun ends here.
      if (byte === quote) state.inText = !state.inText
      else if (byte === lineFeed) state.inText = false
      into[at++] = byte
      index += 1
      if (isEscape && index < to) into[at++] = bytes[index++]!
      continue
    }
    const end = endOfNumber(bytes, index, to)
    if (end === to && !final) break
    const isMarked = end - index > mostDigits && isInexact(Buffer.from(bytes.subarray(index, end)).toString('latin1'))
    if (isMarked) at += into.write(mark, at, 'latin1')
    into.set(bytes.subarray(index, end), at)
    at += end - index
    if (isMarked) into[at++] = quote
    index = end
  }
  return { from: index, at }
}

const quote = 0x22
const lineFeed = 0x0a
/** A quote, and the blanks as JSON writes them. */
const mark = '"\\f\\t\\f'
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
