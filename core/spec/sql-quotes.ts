/** Where a text of SQL holds strings, quoted names and comments: nothing may be put in there. */
export interface QuotedSpan {
  readonly kind: 'quotes' | 'comment'
  readonly start: number
  readonly end: number
}

/** `backslashEscapes`: as MySQL reads strings; DuckDB does so only in E'…'. An unclosed span reaches to the end. */
export function quotedSpans(text: string, backslashEscapes: boolean): QuotedSpan[] {
  const spans: QuotedSpan[] = []
  for (let at = 0; at < text.length; ) {
    const opened = spanAt(text, at, backslashEscapes)
    if (opened === null) {
      at++
      continue
    }
    spans.push(opened)
    at = opened.end
  }
  return spans
}

function spanAt(text: string, at: number, backslashEscapes: boolean): QuotedSpan | null {
  const two = text.slice(at, at + 2)
  if (two === '--') return { kind: 'comment', start: at, end: orEnd(text.indexOf('\n', at), text) }
  if (two === '/*') return { kind: 'comment', start: at, end: commentEnd(text, at) }
  const character = text[at]!
  if (character === "'") {
    const escapes = backslashEscapes || /(^|[^\w$])[eE]$/.test(text.slice(Math.max(0, at - 2), at))
    return { kind: 'quotes', start: at, end: quoteEnd(text, at, character, escapes) }
  }
  if (character === '"' || character === '`')
    return { kind: 'quotes', start: at, end: quoteEnd(text, at, character, backslashEscapes && character === '"') }
  const dollar = character === '$' ? /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at))?.[0] : undefined
  if (dollar === undefined) return null
  const close = text.indexOf(dollar, at + dollar.length)
  return { kind: 'quotes', start: at, end: close < 0 ? text.length : close + dollar.length }
}

/** A doubled quote reads as two strings side by side, which comes to the same. */
function quoteEnd(text: string, start: number, quote: string, escapes: boolean): number {
  for (let at = start + 1; at < text.length; at++) {
    if (escapes && text[at] === '\\') at++
    else if (text[at] === quote) return at + 1
  }
  return text.length
}

function commentEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const two = text.slice(at, at + 2)
    if (two === '/*') depth++
    else if (two === '*/') depth--
    else continue
    at++
    if (depth === 0) return at + 1
  }
  return text.length
}

function orEnd(index: number, text: string): number {
  return index < 0 ? text.length : index
}
