import { afterAll, beforeAll } from '@jest/globals'
import { http } from '../../connectors/http/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { type HttpServer, startHttpServer } from '../support/http-server.js'
import { describeLooseSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], privateHosts: null, signal: new AbortController().signal }
const records = Array.from({ length: 40 }, (_, n) => ({
  id: n,
  name: n % 5 === 0 ? null : `n "${n}"\n`,
  at: `2026-01-${String(1 + Math.floor(n / 2)).padStart(2, '0')}`,
}))

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer(({ url, body }, response) => {
    const number = (name: string, fallback: number) => Number(url.searchParams.get(name) ?? fallback)
    const slice = (from: number, size: number) => records.slice(from, from + size)
    switch (url.pathname) {
      case '/all':
        return records
      case '/pages':
        return { data: { items: slice((number('page', 1) - 1) * 3, 3) } }
      case '/offsets':
        return slice(number('offset', 0), Math.min(number('limit', 5), 5))
      case '/cursor': {
        const from = JSON.parse(body).after ?? 0
        return { items: slice(from, 4), next: from + 4 < records.length ? from + 4 : null }
      }
      case '/links': {
        const from = number('from', 0)
        if (from + 6 < records.length) response.setHeader('link', `</links?from=${from + 6}>; rel="next"`)
        return slice(from, 6)
      }
      case '/since': {
        const since = url.searchParams.get('since') ?? ''
        const later = records.filter(({ at }) => at >= since)
        const from = number('offset', 0)
        return later.slice(from, from + 3)
      }
      case '/take':
        return {}
      default:
        response.writeHead(404).end('{}')
        return undefined
    }
  })
})
afterAll(() => server.close())

const source =
  (path: string, config: Record<string, unknown> = {}) =>
  (signal = ctx.signal) =>
    http.source!.open(http.source!.config.parse({ url: `${server.url}${path}`, ...config }), null, { ...ctx, signal })
const small = { records: 7, bytes: 1_000_000 }

describeSource('http, numbered pages', async () => ({
  open: source('/pages', { records: '/data/items', pagination: { type: 'PAGE' } }),
  records: 40,
  small,
}))
describeSource('http, offsets', async () => ({
  open: source('/offsets', { pagination: { type: 'OFFSET', size: 100 }, columns: { id: 'BIGINT', name: 'VARCHAR' } }),
  records: 40,
  small,
}))
describeSource('http, a cursor in the body', async () => ({
  open: source('/cursor', {
    records: '/items',
    body: { query: 'all' },
    pagination: { type: 'CURSOR', param: '/after', at: '/next' },
  }),
  records: 40,
  small,
}))
describeSource('http, links', async () => ({
  open: source('/links', { pagination: { type: 'LINK' } }),
  records: 40,
  small,
}))
describeSource('http, incremental', async () => ({
  open: source('/since', {
    incremental: { param: 'since', column: 'at', from: '2000-01-01' },
    pagination: { type: 'OFFSET' },
  }),
  records: 40,
  small,
}))

describeLooseSink('http', () => ({
  open: () => http.sink!.open(http.sink!.config.parse({ url: `${server.url}/take` }), null, ctx),
  shown: () => server.asked.filter(({ url }) => url.pathname === '/take').length,
  atOnce: true,
}))
