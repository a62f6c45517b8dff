import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { HttpSourceConfig } from './config.js'
import type { Endpoint } from './endpoint.js'
import { type Asking, type Fetched, fetchPage } from './fetch-page.js'
import { leaveOutSeen, newestOf } from './newest.js'
import { pageAfter } from './pages.js'
import type { HttpPosition, HttpSplit, Page } from './position.js'

/** An epoch asks for so long at most: what it has then is what it reads. */
const longestMs = 15_000

/** The pages of a split as a Parquet file `(json)` of the session's folder, which also tells where they end. */
export async function capturePages(split: HttpSplit, asking: Asking, schema: Schema): Promise<string> {
  const { session, config } = asking
  const id = randomUUID()
  const table = identifier(`captured ${id}`)
  const file = join(session.folder, `${id}.captured.parquet`)
  await session.run(`CREATE TABLE ${table} (json VARCHAR)`)
  try {
    let at = await takePages(split, asking, table)
    if (config.incremental !== undefined) {
      await leaveOutSeen(at.since, table, config.incremental, schema, session)
      at = { ...at, newest: await newestOf(at.newest, table, config.incremental, schema, session) }
    }
    await session.run(
      `COPY (SELECT json FROM ${table} ORDER BY rowid) TO ${text(file)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {reached: ${text(JSON.stringify(at))}})`,
    )
    return file
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}

/** What the file of `capturePages` tells. */
export async function reachedIn(file: string, session: Session): Promise<HttpPosition> {
  const [row] = await session.rows(
    `SELECT decode(value) FROM parquet_kv_metadata(${text(file)}) WHERE decode(key) = 'reached'`,
  )
  return JSON.parse(String(row?.[0])) as HttpPosition
}

async function takePages({ from, records, bytes }: HttpSplit, asking: Asking, table: string): Promise<HttpPosition> {
  const { config, endpoint } = asking
  const startedAt = Date.now()
  let at = from
  let [taken, size] = [0, 0]
  while (at.page !== null) {
    const fetched = await fetchPage(asking, at.page, at.since, table)
    const before = repeated(at, fetched, endpoint, config)
    const next = pageAfter(at.page, config, fetched)
    refuseSame(at.page, next, endpoint)
    const page = next === null ? null : withoutKey(next, endpoint)
    at = { ...at, page, before, endedAt: page === null ? Date.now() : null }
    taken += fetched.records
    size += fetched.bytes
    if (taken >= records || size >= bytes || Date.now() - startedAt >= longestMs) break
  }
  return at
}

/** So often the same page may come: once by chance, as records may be alike; then nobody heeds the parameter. */
const mostAlike = 3

function repeated(
  { before, page }: HttpPosition,
  { hash, records }: Fetched,
  endpoint: Endpoint,
  { pagination }: HttpSourceConfig,
) {
  const times = records > 0 && before?.hash === hash ? before.times + 1 : 1
  if (times < mostAlike || page?.kind !== 'NUMBER') return { hash, times }
  const param = pagination !== undefined && 'param' in pagination ? pagination.param : ''
  throw endless(
    endpoint,
    `gives the same page ${mostAlike} times`,
    `Does it know the parameter \`${param}\`? Say \`stopWhen\`, or which \`pagination\` it has.`,
  )
}

function refuseSame(page: Page, next: Page | null, endpoint: Endpoint): void {
  if (
    next === null ||
    next.kind === 'NUMBER' ||
    JSON.stringify(withoutKey(page, endpoint)) !== JSON.stringify(withoutKey(next, endpoint))
  )
    return
  throw endless(
    endpoint,
    'names the page as the next that it has just given',
    'Is `pagination` what the server has? `stopWhen` ends it earlier.',
  )
}

/** Another attempt would be given the same: nothing is restarted. */
const endless = ({ shown }: Endpoint, what: string, hint: string) =>
  new JobError('config.invalid', `${shown} ${what}: it would never end.`, { pointer: '/pagination', hint })

/** A key in the query is sent again with each request, and stored nowhere (I6). */
function withoutKey(page: Page, { auth }: Endpoint): Page {
  if (page.kind !== 'LINK' || page.url === null || auth?.type !== 'API_KEY' || auth.in !== 'QUERY') return page
  const url = new URL(page.url)
  url.searchParams.delete(auth.name)
  return { ...page, url: url.href }
}
