import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { exactly, unmarked } from '../exact-numbers.js'
import { type HttpClient, inShort, isTaken, wordsBytes } from './client.js'
import type { HttpSourceConfig } from './config.js'
import type { Endpoint } from './endpoint.js'
import { type Answer, collect } from './exchange.js'
import { requestOf } from './page-request.js'
import type { PageFacts } from './pages.js'
import type { HttpPosition, Page } from './position.js'

export interface Asking {
  readonly client: HttpClient
  readonly endpoint: Endpoint
  readonly config: HttpSourceConfig
  readonly session: Session
  /** Numbers keep digits that a DOUBLE has not. */
  readonly exact: boolean
}

export interface Fetched extends PageFacts {
  readonly bytes: number
  /** MD5 of its records. */
  readonly hash: string
}

const mostBytes = 128 * 1024 * 1024

/** Asks for a page and puts its records, each as JSON, into `table (json VARCHAR)`. Throws `source.unreadable`, and what asking throws. */
export async function fetchPage(
  asking: Asking,
  page: Page,
  since: HttpPosition['since'],
  table: string,
): Promise<Fetched> {
  const { client, endpoint, config, session, exact } = asking
  const request = requestOf(config, endpoint, page, since)
  const { answer, body, tellable } = await client.ask(request, {
    wants: isTaken,
    from: async (taken, _words, told) => ({ answer: taken, body: await collect(taken, mostBytes), tellable: told }),
  })
  const shown = `${answer.url.origin}${answer.url.pathname}`
  const common = { bytes: body.length, link: answer.headers.link ?? null, url: answer.url }
  if (answer.status === 204) return { ...common, records: 0, at: null, stops: true, hash: '' }
  const name = randomUUID()
  const file = join(session.folder, `${name}.answer`)
  const held = identifier(`answer ${name}`)
  try {
    await writeFile(file, readable(body, answer, exact, shown))
    await session.run(`CREATE TABLE ${held} AS SELECT content FROM read_text(${text(file)})`)
    await checkJson(held, session, shown, tellable)
    const facts = await takeRecords(held, table, config, session, shown)
    if (facts.at === null || !isFraction(facts.at)) return { ...common, ...facts }
    await writeFile(file, exactly(await readFile(file)))
    return { ...common, ...facts, at: await cursorIn(`read_text(${text(file)})`, config, session) }
  } finally {
    await rm(file, { force: true })
    await session.run(`DROP TABLE IF EXISTS ${held}`)
  }
}

const isFraction = (json: string) => /^-?\d+[.e]/i.test(json)

/** A number as it stands there, where DuckDB has passed it through a DOUBLE. */
async function cursorIn(exact: string, { pagination }: HttpSourceConfig, session: Session): Promise<string | null> {
  const at = pagination !== undefined && 'at' in pagination && pagination.at !== undefined ? pagination.at : ''
  const [[cursor = null] = []] = await session.rows(
    `SELECT ${unmarked(`json_extract_string(content, ${text(at)})`, 'VARCHAR')} FROM ${exact}`,
  )
  return cursor === null ? null : String(cursor)
}

/** It may be a page for people, which repeats the request that it was sent. */
async function checkJson(held: string, session: Session, shown: string, tellable: (said: string) => string) {
  if ((await session.count(`SELECT count(*) FROM ${held} WHERE json_valid(content)`)) > 0) return
  const [row] = await session.rows(`SELECT left(content, ${wordsBytes}) FROM ${held}`)
  const begins = inShort(tellable(String(row?.[0] ?? '')), longestBeginning)
  throw unreadable(
    `The answer of ${shown} is not JSON: ${begins === '' ? 'it is empty' : `it begins with ${begins}`}.`,
    'Is it the right URL, and does it need other `headers`?',
  )
}

const longestBeginning = 80

async function takeRecords(held: string, table: string, config: HttpSourceConfig, session: Session, shown: string) {
  const { records: pointer, pagination, stopWhen } = config
  const found = `json_extract(content, ${text(pointer)})`
  const at = pagination !== undefined && 'at' in pagination && pagination.at !== undefined ? pagination.at : null
  const [facts = []] = await session.rows(
    `SELECT json_type(content, ${text(pointer)}), ${at === null ? 'NULL' : `CAST(${unmarked(`json_extract(content, ${text(at)})`, 'JSON')} AS VARCHAR)`}, md5(CAST(${found} AS VARCHAR)) FROM ${held}`,
  )
  const [type, cursor, hash] = facts.map((fact) => (fact === null ? null : String(fact)))
  const where = pointer === '' ? 'The answer' : `What stands at ${pointer} in the answer`
  if (type === null)
    throw unreadable(
      `The answer of ${shown} has nothing at ${pointer}.`,
      'Where in it are the records? `records` says that.',
    )
  if (!['ARRAY', 'OBJECT', 'NULL'].includes(type!))
    throw unreadable(
      `${where} of ${shown} is neither a list nor an object.`,
      'Where in it are the records? `records` says that.',
    )
  const before = await session.count(`SELECT count(*) FROM ${table}`)
  const elements = type === 'ARRAY' ? `unnest(CAST(${found} AS JSON[]))` : found
  if (type !== 'NULL')
    await session.run(
      `INSERT INTO ${table} SELECT coalesce(CAST(record AS VARCHAR), 'null') FROM (SELECT ${elements} AS record FROM ${held})`,
    )
  const records = (await session.count(`SELECT count(*) FROM ${table}`)) - before
  const stops =
    stopWhen !== undefined &&
    (await session.count(
      stopSql(stopWhen, `SELECT ${unmarked('content', 'JSON')} AS answer, ${records}::BIGINT AS records FROM ${held}`),
    )) === 1
  return { records, at: cursor ?? null, hash: hash ?? '', stops }
}

/** 1: it is the last page. Over `answer` and `records`, and nothing else. */
export const stopSql = (condition: string, page: string): string =>
  `SELECT CASE WHEN (${condition}) THEN 1 ELSE 0 END FROM (${page}) AS page`

/** Text in UTF-8, whatever the server writes. */
function readable(body: Buffer, { headers }: Answer, exact: boolean, shown: string): Buffer {
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8'
  const isUtf = charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'
  const utf8 = isUtf ? body : decoded(body, charset, shown)
  if (!isUtf8(utf8))
    throw unreadable(
      `The answer of ${shown} is not text in UTF-8.`,
      'Its header `Content-Type` may name another charset.',
    )
  const plain = utf8.subarray(0, 3).equals(byteOrderMark) ? utf8.subarray(3) : utf8
  return exact ? exactly(plain) : plain
}

function decoded(body: Buffer, charset: string, shown: string): Buffer {
  try {
    return Buffer.from(new TextDecoder(charset).decode(body))
  } catch {
    throw unreadable(`The answer of ${shown} is in ${charset}, which is not known here.`, 'Ask for UTF-8.')
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

const unreadable = (message: string, hint: string) => new JobError('source.unreadable', message, { hint })
