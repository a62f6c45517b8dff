import { describe, expect, test } from '@jest/globals'
import { sourceConfig } from '../../../../connectors/http/config.js'
import { requestOf } from '../../../../connectors/http/page-request.js'
import { firstPage, nextOf, type PageFacts, pageAfter } from '../../../../connectors/http/pages.js'
import { retryAfterMs } from '../../../../connectors/http/retry-after.js'

const url = new URL('https://host/v1/items?fixed=1')
const configOf = (config: Record<string, unknown>) => sourceConfig.parse({ url: url.href, ...config })
const facts = (part: Partial<PageFacts> = {}): PageFacts => ({
  records: 3,
  at: null,
  link: null,
  url,
  stops: false,
  ...part,
})
const urlsOf = (config: Record<string, unknown>, ...answers: Partial<PageFacts>[]) => {
  const parsed = configOf(config)
  const urls: string[] = []
  let page: ReturnType<typeof pageAfter> = firstPage(parsed)
  for (const answer of [...answers, {}]) {
    if (page === null) return [...urls, 'end']
    const { url: asked } = requestOf(parsed, { url, headers: {} }, page, null)
    urls.push(`${asked.pathname}${asked.search}`)
    page = pageAfter(page, parsed, facts(answer))
  }
  return urls
}

describe('pages', () => {
  test('without a word about them there is one', () => {
    expect(urlsOf({ query: { tag: ['a', 'b'], n: 5 } }, {})).toEqual(['/v1/items?fixed=1&tag=a&tag=b&n=5', 'end'])
  })

  test('are numbered until one is empty', () => {
    const pagination = { type: 'PAGE', param: 'p', start: 0, sizeParam: 'per', size: 50 }
    expect(urlsOf({ pagination }, {}, { records: 0 })).toEqual([
      '/v1/items?fixed=1&per=50&p=0',
      '/v1/items?fixed=1&per=50&p=1',
      'end',
    ])
  })

  test('begin behind as many records as came, however many were asked for', () => {
    expect(urlsOf({ pagination: { type: 'OFFSET', size: 100 } }, { records: 40 }, { records: 7 })).toEqual([
      '/v1/items?fixed=1&limit=100&offset=0',
      '/v1/items?fixed=1&limit=100&offset=40',
      '/v1/items?fixed=1&limit=100&offset=47',
    ])
  })

  test('follow a cursor, of any type, as long as there is one', () => {
    const pagination = { type: 'CURSOR', param: 'after', at: '/next' }
    expect(
      urlsOf({ pagination }, { at: '"a b&c"', records: 0 }, { at: '12345678901234567890' }, { at: 'null' }),
    ).toEqual([
      '/v1/items?fixed=1',
      '/v1/items?fixed=1&after=a+b%26c',
      '/v1/items?fixed=1&after=12345678901234567890',
      'end',
    ])
    for (const at of ['""', 'false', null]) expect(urlsOf({ pagination }, { at })).toEqual(['/v1/items?fixed=1', 'end'])
  })

  test('put values into the body as JSON has them', () => {
    const config = configOf({
      body: { q: { all: true } },
      pagination: { type: 'CURSOR', param: '/q/search~1after', at: '/next', sizeParam: '/size', size: 9 },
      incremental: { param: '/since', column: 'at' },
    })
    const since = { value: '"a\\"$1"', seen: [] }
    const { method, body } = requestOf(
      config,
      { url, headers: {} },
      { kind: 'CURSOR', cursor: '[12345678901234567890,"x"]' },
      since,
    )
    expect(method).toBe('POST')
    expect(body).toBe('{"q":{"all":true,"search/after":[12345678901234567890,"x"]},"since":"a\\"$1","size":9}')
  })

  test('follow links of the header or of the answer, relative ones too', () => {
    const next = { link: '<https://host/v1/items?p=1>; rel="prev", </v1/items?p=3>; title="a, b"; rel="last next"' }
    expect(urlsOf({ pagination: { type: 'LINK' } }, next, {})).toEqual(['/v1/items?fixed=1', '/v1/items?p=3', 'end'])
    expect(urlsOf({ pagination: { type: 'LINK', at: '/next' } }, { at: '"?p=2"' }, { at: 'null' })).toEqual([
      '/v1/items?fixed=1',
      '/v1/items?p=2',
      'end',
    ])
  })

  test('end where the condition says so', () => {
    expect(urlsOf({ pagination: { type: 'PAGE' } }, { stops: true })).toEqual(['/v1/items?fixed=1&page=1', 'end'])
  })

  test.each([
    ['LINK', { at: '"http://"' }],
    ['LINK', { at: '"file:///etc/passwd"' }],
    ['header', { link: '<http://[half>; rel=next' }],
  ])('do not end where the next one (%s) is no URL: %j', (by, answer) => {
    const pagination = by === 'LINK' ? { type: 'LINK', at: '/next' } : { type: 'LINK' }
    expect(() => urlsOf({ pagination }, answer)).toThrow(/names a next page that is no URL/)
  })

  test('read a header as RFC 8288 has it', () => {
    expect(nextOf('<?p=2>; title="a, b; rel=\\"prev\\""; rel=next')).toBe('?p=2')
    expect(nextOf('<a>; title="\\\\"; rel="prev", <b>;; title*=UTF-8\'\'x%20y ; rel="last ne\\xt";')).toBe('b')
    expect(nextOf('<a>; rel=prev; rel=next')).toBeNull()
    expect(nextOf('<a>; flag; rel=next')).toBe('a')
    expect(nextOf('<a>; rel=next')).toBe('a')
    expect(nextOf('<a;b,c>; REL = "prev NEXT"')).toBe('a;b,c')
    expect(nextOf('<a>; rel="nextish", <b>; x="rel=next"')).toBeNull()
    expect(nextOf(null)).toBeNull()
  })
})

test.each([
  [{ url: '/only/a/path' }, 'url'],
  [{ method: 'GET', body: {} }, 'body'],
  [{ body: 'text', pagination: { type: 'PAGE', param: '/page' } }, 'body'],
  [{ stopWhen: 'true' }, 'stopWhen'],
  [{ headers: { 'x-a': 'b\r\nc: d' } }, 'headers'],
  [{ interval: '0s' }, 'interval'],
  [{ rateLimit: { requests: 1, per: '0ms' } }, 'rateLimit'],
])('a config that cannot be meant is refused: %j', (config, field) => {
  const { success, error } = sourceConfig.safeParse({ url: url.href, ...config })
  expect(success).toBe(false)
  expect(error?.issues[0]?.path[0]).toBe(field)
})

test.each([
  ['120', undefined, 120_000],
  ['0', undefined, 0],
  ['Sat, 28 Nov 2026 10:00:30 GMT', undefined, 30_000],
  ['Sat, 28 Nov 2026 10:00:30 GMT', 'Sat, 28 Nov 2026 10:00:10 GMT', 20_000],
  ['Sat, 28 Nov 2026 09:00:00 GMT', undefined, 0],
  ['-5', undefined, null],
  ['soon', undefined, null],
  ['', undefined, null],
  [undefined, undefined, null],
])('Retry-After %s (Date %s) is %s ms', (header, date, ms) => {
  expect(retryAfterMs(header, date, Date.parse('2026-11-28T10:00:00Z'))).toBe(ms)
})
