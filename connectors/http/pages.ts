import type { HttpSourceConfig } from './config.js'
import type { Page } from './position.js'

/** What an answer says of the page after it. */
export interface PageFacts {
  /** How many it holds. */
  readonly records: number
  /** What stands where the pagination says: JSON; null: nothing. */
  readonly at: string | null
  /** The header `Link`. */
  readonly link: string | null
  /** Where the answer came from: links may be relative to it. */
  readonly url: URL
  /** `stopWhen` says that it is the last one. */
  readonly stops: boolean
}

export function firstPage({ pagination }: HttpSourceConfig): Page {
  switch (pagination?.type) {
    case 'PAGE':
    case 'OFFSET':
      return { kind: 'NUMBER', value: pagination.start }
    case 'CURSOR':
      return { kind: 'CURSOR', cursor: null }
    default:
      return { kind: 'LINK', url: null }
  }
}

/** null: that was the last one. */
export function pageAfter(page: Page, { pagination }: HttpSourceConfig, facts: PageFacts): Page | null {
  if (facts.stops || pagination === undefined) return null
  switch (page.kind) {
    case 'NUMBER': {
      if (facts.records === 0) return null
      return { kind: 'NUMBER', value: page.value + (pagination.type === 'OFFSET' ? facts.records : 1) }
    }
    case 'CURSOR':
      return isNothing(facts.at) ? null : { kind: 'CURSOR', cursor: facts.at }
    case 'LINK': {
      const inAnswer = pagination.type === 'LINK' && pagination.at !== undefined
      const next = inAnswer ? textOf(facts.at) : nextOf(facts.link)
      if (next === null || !URL.canParse(next, facts.url.href)) return null
      return { kind: 'LINK', url: new URL(next, facts.url).href }
    }
  }
}

const isNothing = (json: string | null) => json === null || ['null', '""', 'false', '[]', '{}'].includes(json)

/** Of JSON: a text without its quotes. */
const textOf = (json: string | null): string | null => (isNothing(json) ? null : plainOf(json!))

export const plainOf = (json: string): string => (json.startsWith('"') ? (JSON.parse(json) as string) : json)

/** `<https://…>; rel="next", …` (RFC 8288): the target of the first that is next. */
export function nextOf(header: string | null): string | null {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)/g,
  )) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters)
    const names = (relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/)
    if (names.includes('next')) return target!
  }
  return null
}
