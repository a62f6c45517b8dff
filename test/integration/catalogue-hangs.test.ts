/** A catalogue that takes connections and says nothing (SIGSTOP), and goes on where it was (SIGCONT). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import { type Database, openDatabase } from '../../models/database.js'
import { withApi } from '../support/api.js'
import { privateMysql, type Service } from '../support/services.js'

let folder: string
let mysql: Service
let database: Database

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-hangs-'))
  mysql = await privateMysql(folder)
  await mysql.start()
  database = await openDatabase(`${mysql.address}/mysql`)
  await database.execute('CREATE TABLE noted (n INT PRIMARY KEY)')
}, 60_000)

afterAll(async () => {
  mysql.go()
  await database.close()
  await mysql.kill()
  await rm(folder, { recursive: true, force: true })
})

test('statements on warm connections, waiting ones and COMMITs all end with mysql.away, and work goes on by itself', async () => {
  await Promise.all(Array.from({ length: 20 }, () => database.query('SELECT SLEEP(0.1) AS slept')))
  let tried = 0
  let hasHung = () => {}
  const hung = new Promise<void>((resolve) => {
    hasHung = resolve
  })
  const committing = database.transaction(async (transaction) => {
    tried += 1
    await database.execute('INSERT INTO noted VALUES (1)', {}, transaction)
    mysql.hang()
    // All of its threads have to have heard it.
    await sleep(200)
    hasHung()
  })
  const within = await Promise.all([
    ended(committing),
    ...Array.from({ length: 20 }, async () => {
      await hung
      return await ended(database.query('SELECT 1 AS one'))
    }),
  ])
  expect(new Set(within)).toEqual(new Set(['mysql.away']))
  // What became of it nobody knows: it is not done once more.
  expect(tried).toBe(1)
  mysql.go()
  expect(await database.query('SELECT COUNT(*) AS one FROM noted WHERE n > 1')).toEqual([{ one: '0' }])
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => database.execute('INSERT INTO noted VALUES (:n)', { n: n + 2 })),
  )
}, 40_000)

test('a statement that is only slow is waited for', async () => {
  expect(await database.query('SELECT SLEEP(9) AS slept')).toEqual([{ slept: 0 }])
}, 20_000)

test('a read that a locked table holds up is answered in time with 503', async () => {
  await withApi({}, async ({ call, url }) => {
    const holder = await createConnection({ uri: url })
    try {
      await holder.query('LOCK TABLES etl_job WRITE')
      const { status, body } = await call('get', '/jobs')
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'mysql.away' })
    } finally {
      await holder.end()
    }
    expect((await call('get', '/jobs')).status).toBe(200)
  })
}, 40_000)

/** The code it fails with; `nothing` after 16 s. */
async function ended(work: Promise<unknown>): Promise<unknown> {
  const patience = new AbortController()
  try {
    const late = sleep(16_000, 'nothing', patience).catch(() => undefined)
    return await Promise.race([work.then(() => 'done'), late])
  } catch (error) {
    return (error as { code?: unknown }).code
  } finally {
    patience.abort()
  }
}
