/** How records end: at a line feed that is not inside quotes. */
export interface Dialect {
  /** Byte values; null where nothing is quoted (JSON lines). */
  readonly quote: number | null
  readonly escape: number | null
  readonly delimiter: number | null
  /** A line of nothing but white space is blank, too. */
  readonly spacesAreBlank?: boolean
}

/** What a stretch of whole records holds. */
export interface Stretch {
  /** End of the last whole record taken, exclusive. */
  readonly end: number
  readonly records: number
  /** Line feeds before `end`, quoted ones included. */
  readonly lines: number
  readonly longest: number
  readonly blankLines: number
  /** Records that end in CR LF, and in LF alone. */
  readonly crlf: number
  readonly lf: number
  /** The last record is inside quotes at the end of the input. */
  readonly unterminated: boolean
}

/** Told about every record: offsets in `bytes`, the end without its line end. */
export type OnRecord = (from: number, to: number, line: number) => void

const LF = 10
const CR = 13
const SPACE = 32

/**
 * Takes whole records from the front of `bytes`: at most `limit`, and none that begins at or after `stop`. `final`
 * says that nothing follows, so that a last line without line end is a record too. DuckDB parses the records; this
 * only finds where they end.
 */
export function takeRecords(
  bytes: Uint8Array,
  dialect: Dialect,
  { limit, stop, final, onRecord }: { limit: number; stop: number; final: boolean; onRecord?: OnRecord },
): Stretch {
  const { escape: escaping, delimiter } = dialect
  // Most data has no quotes: then line feeds are all that matters, which the runtime finds fastest.
  const quote = dialect.quote !== null && bytes.includes(dialect.quote) ? dialect.quote : null
  const found = { end: 0, records: 0, lines: 0, longest: 0, blankLines: 0, crlf: 0, lf: 0, unterminated: false }
  let from = 0
  let lines = 0
  let at = 0
  const take = (to: number, end: number, line: number) => {
    if (to === from || (dialect.spacesAreBlank === true && isSpace(bytes, from, to))) found.blankLines += 1
    else {
      found.records += 1
      if (to - from > found.longest) found.longest = to - from
      onRecord?.(from, to, line)
    }
    from = end
    found.end = end
    found.lines = lines
  }
  let firstLine = 0
  let fieldStart = true
  let quoted = false
  while (at < bytes.length) {
    if (from === at && (at >= stop || found.records >= limit)) return found
    if (quote === null) {
      at = bytes.indexOf(LF, at)
      if (at === -1) break
    }
    const byte = bytes[at]!
    if (quoted) {
      if (byte === LF) lines += 1
      else if (byte === escaping && (escaping !== quote || bytes[at + 1] === quote)) {
        // An escape at the very end may go on in what follows: then this record is not whole yet anyway.
        at += 1
        if (bytes[at] === LF) lines += 1
      } else if (byte === quote) quoted = false
    } else if (byte === LF) {
      lines += 1
      const crlf = at > from && bytes[at - 1] === CR
      if (crlf) found.crlf += 1
      else found.lf += 1
      take(crlf ? at - 1 : at, at + 1, firstLine)
      firstLine = lines
      fieldStart = true
    } else if (byte === delimiter) fieldStart = true
    else if (byte === quote && fieldStart) {
      quoted = true
      fieldStart = false
    } else if (byte !== SPACE) fieldStart = false
    at += 1
  }
  if (final && from < bytes.length) {
    found.unterminated = quoted
    take(bytes.length, bytes.length, firstLine)
  }
  return found
}

function isSpace(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at]!
    if (byte !== SPACE && (byte < 9 || byte > 13)) return false
  }
  return true
}

/** Does a record of a quoting dialect hold a CR outside of quotes? */
export function bareReturn(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
  { quote, escape: escaping, delimiter }: Dialect,
): boolean {
  if (quote === null) return false
  let quoted = false
  let fieldStart = true
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at]!
    if (quoted) {
      if (byte === escaping && (escaping !== quote || bytes[at + 1] === quote)) at += 1
      else if (byte === quote) quoted = false
    } else if (byte === CR) return true
    else if (byte === quote && fieldStart) quoted = true
    else if (byte === delimiter) fieldStart = true
    else if (byte !== SPACE) fieldStart = false
  }
  return false
}
