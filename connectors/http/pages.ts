import { JobError } from '../../core/errors/job-error.js'
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
      if (next === null) return null
      const url = URL.canParse(next, facts.url.href) ? new URL(next, facts.url) : null
      if (url === null || !/^https?:$/.test(url.protocol)) throw noUrl(facts.url)
      return { kind: 'LINK', url: url.href }
    }
  }
}

const isNothing = (json: string | null) => json === null || ['null', '""', 'false', '[]', '{}'].includes(json)

/** Of JSON: a text without its quotes. */
const textOf = (json: string | null): string | null => (isNothing(json) ? null : plainOf(json!))

export const plainOf = (json: string): string => (json.startsWith('"') ? (JSON.parse(json) as string) : json)

/** `<https://…>; rel="next", …` (RFC 8288): the target of the first that is next. */
export function nextOf(header: string | null): string | null {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(link)) {
    // Of several only the first counts.
    const [, quoted, plain = ''] =
      [...parameters.matchAll(parameter)].find(([, name]) => /^rel$/i.test(name!))?.slice(1) ?? []
    const names = (quoted?.replaceAll(/\\(.)/g, '$1') ?? plain).toLowerCase().split(/\s+/)
    if (names.includes('next')) return target!.trim()
  }
  return null
}

/** A name, and a text in quotes, in which `\` stands before what is meant as it is, or a word. */
const parameter = /;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))?)?/g
const link = new RegExp(String.raw`<([^>]*)>((?:\s*(?:${parameter.source}|;))*)`, 'g')

/** It may hold what is secret: it is not repeated. */
const noUrl = ({ origin, pathname }: URL) =>
  new JobError('source.unreadable', `${origin}${pathname} names a next page that is no URL of http or https.`, {
    pointer: '/pagination',
    hint: 'Is `at` where the URL stands? For a token say `type: CURSOR`.',
  })
