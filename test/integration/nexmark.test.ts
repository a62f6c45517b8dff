/** Queries of Nexmark: what they write is what plain SQL answers over the same events, read whole or as their files come. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openSession } from '../../duckdb/open-session.js'
import { text } from '../../duckdb/sql.js'
import { until } from '../support/until.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const etl = join(checkout, 'bin', 'etl.js')
const env = { ...process.env, NODE_OPTIONS: '' }

const queries = {
  q1: 'SELECT auction, bidder, CAST(price * 0.908 AS DECIMAL(12, 3)) AS price, date_time FROM bids',
  q2: 'SELECT auction, price FROM bids WHERE auction % 7 = 0',
  q3: `SELECT p.name, p.state, a.id FROM auctions a, people p
    WHERE a.seller = p.id AND p.state IN ('OR', 'ID', 'CA') AND a.category = 10`,
  q5: `WITH starts AS (SELECT unnest(generate_series(TIMESTAMP '2025-12-31 23:59:40', TIMESTAMP '2026-01-01 00:03', INTERVAL 2 SECOND)) AS w),
      counts AS (SELECT w, auction, count(*) AS n FROM starts, bids WHERE date_time >= w AND date_time < w + INTERVAL 10 SECOND GROUP BY ALL)
    SELECT w, min(auction), n FROM counts c WHERE n = (SELECT max(n) FROM counts o WHERE o.w = c.w) GROUP BY w, n`,
  q7: `WITH tens AS (SELECT *, TIMESTAMP '2026-01-01' + INTERVAL 10 SECOND * CAST(floor(epoch(date_time - TIMESTAMP '2026-01-01') / 10) AS INTEGER) AS w FROM bids)
    SELECT w, w + INTERVAL 10 SECOND, price, min(bidder) FROM tens t
    WHERE price = (SELECT max(price) FROM tens o WHERE o.w = t.w) GROUP BY w, price`,
  q8: `SELECT p.id, p.name, a.id AS auction, a.date_time FROM auctions a, people p
    WHERE a.seller = p.id AND floor(epoch(a.date_time) / 10) = floor(epoch(p.date_time) / 10)`,
  q11: `WITH steps AS (SELECT *, date_time - lag(date_time) OVER (PARTITION BY bidder ORDER BY date_time) AS pause FROM bids),
      numbered AS (SELECT *, count(*) FILTER (pause > INTERVAL 10 SECOND) OVER (PARTITION BY bidder ORDER BY date_time) AS visit FROM steps)
    SELECT bidder, min(date_time), max(date_time) + INTERVAL 10 SECOND, count(*) FROM numbered GROUP BY bidder, visit`,
}
type Name = keyof typeof queries

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etl-nexmark-'))
  cpSync(join(checkout, 'examples', 'nexmark'), folder, { recursive: true, filter: (path) => !path.endsWith('/out') })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Records as lines, without their order. */
async function expected(name: Name): Promise<string[]> {
  const session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
  const out = join(folder, 'expected.csv')
  try {
    for (const table of ['people', 'auctions', 'bids'])
      await session.run(`CREATE VIEW ${table} AS FROM read_csv(${text(join(checkoutData(), `${table}.csv`))})`)
    await session.run(`COPY (${queries[name]}) TO ${text(out)} (FORMAT csv, HEADER)`)
  } finally {
    session.close()
  }
  return linesOf(out).sort()
}

/** A copy that no test takes apart. */
function checkoutData(): string {
  const whole = join(folder, 'whole')
  cpSync(join(checkout, 'examples', 'nexmark', 'data'), whole, { recursive: true })
  return whole
}

function written(name: Name): string[] {
  const out = join(folder, 'out', name)
  if (!existsSync(out)) return []
  return readdirSync(out)
    .filter((part) => part.endsWith('.csv') && !/^[._]/.test(part))
    .flatMap((part) => linesOf(join(out, part)))
    .filter((line) => !line.includes('2026-01-02'))
    .sort()
}

const linesOf = (path: string) => readFileSync(path, 'utf8').trim().split('\n').slice(1)

describe('read whole', () => {
  test.each(Object.keys(queries) as Name[])(
    '%s',
    async (name) => {
      const { stdout, stderr } = spawnSync(process.execPath, [etl, 'run', `${name}.yaml`, '--json'], {
        cwd: folder,
        encoding: 'utf8',
        env,
        timeout: 60_000,
      })
      expect(JSON.parse(stdout || JSON.stringify({ stderr }))).toMatchObject({ status: 'COMPLETED', error: null })
      const answer = await expected(name)
      expect(answer.length).toBeGreaterThan(5)
      expect(written(name)).toEqual(answer)
    },
    90_000,
  )
})

describe('read as the files come', () => {
  test.each(Object.keys(queries) as Name[])(
    '%s',
    async (name) => {
      const put = takeApart(name === 'q3' || name === 'q8' ? 'auctions' : 'bids')
      put(1)
      const running = runStreaming(name)
      const answer = await expected(name)
      try {
        await until('the first file has been read', async () => written(name).length > 0, { withinMs: 60_000 })
        for (const piece of [2, 3, 4]) {
          put(piece)
          await sleep(piece * 300)
        }
        // Bids of a later day end the windows of the first; two, as windows of windows wait for those of the first of them.
        if (isTimed(name)) putBids(['2026-01-02 12:00:00', '2026-01-02 13:00:00'])
        await until('all is there', async () => written(name).length >= answer.length, { withinMs: 60_000 })
      } finally {
        running.kill('SIGINT')
        await once(running, 'exit')
      }
      expect(written(name)).toEqual(answer)
    },
    180_000,
  )
})

const isTimed = (name: Name) => ['q5', 'q7', 'q11'].includes(name)

function putBids(times: readonly string[]): void {
  const lines = times.map((time) => `1,1,1,${time}`)
  putFile('bids-later.csv', ['auction,bidder,price,date_time', ...lines])
}

function putFile(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, 'data', `.${name}`), `${lines.join('\n')}\n`)
  renameSync(join(folder, 'data', `.${name}`), join(folder, 'data', name))
}

/** A file in four pieces, which come one by one, each whole. */
function takeApart(table: string): (piece: number) => void {
  const path = join(folder, 'data', `${table}.csv`)
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split('\n')
  rmSync(path)
  return (piece) => {
    const part = lines.filter((_, at) => Math.floor((at * 4) / lines.length) === piece - 1)
    putFile(`${table}-${piece}.csv`, [header!, ...part])
  }
}

function runStreaming(name: Name): ChildProcess {
  const watched = readFileSync(join(folder, `${name}.yaml`), 'utf8').replaceAll(
    /(path: data\/\w+\*\.csv)/g,
    '$1\n      watch: true',
  )
  writeFileSync(join(folder, 'streaming.yaml'), `type: STREAMING\ncheckpoint: { interval: 200ms }\n${watched}`)
  return spawn(process.execPath, [etl, 'run', 'streaming.yaml'], { cwd: folder, env, stdio: 'ignore' })
}
