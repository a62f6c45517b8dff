/** Keeping house: what is old goes, nothing that is needed does, and each run says what it did. */
import { describe, expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import type { TaskReport } from '../../core/maintenance/report.js'
import { openSession } from '../../duckdb/open-session.js'
import { partitionsOf } from '../../models/schema/partition-upkeep.js'
import type { ObjectStore } from '../../storage/store.js'
import { withHouse } from '../support/house.js'
import { onServer } from '../support/lend.js'

describe('partitions', () => {
  for (const archive of ['NONE', 'TABLE', 'PARQUET'] as const) {
    test.concurrent(`of 13 months are dropped and not emptied, archived as ${archive}, and counts are exact`, async () => {
      await withHouse(async (house) => {
        await house.set('retention.archive', archive)
        await makeMetrics(house.url, 100_000)
        await forbidDeletes(house.url)
        const before = await countsByMonth(house.url)
        const dry = await house.run('partitions', true)
        expect(await countsByMonth(house.url)).toEqual(before)

        const report = await house.run('partitions')
        expect(report).toMatchObject({ status: 'DONE', error: null, warnings: [] })
        expect(report.done.filter(({ what }) => what !== 'rows archived')).toEqual(
          dry.done.filter(({ what }) => what !== 'rows archived'),
        )
        const old = Object.entries(before).filter(([month]) => month < '2026-10')
        const gone = old.reduce((sum, [, rows]) => sum + rows, 0)
        expect(old.length).toBe(11)
        expect(countOf(report, 'rows in them')).toBe(gone)
        expect(await countsByMonth(house.url)).toEqual(
          Object.fromEntries(Object.entries(before).filter(([month]) => month >= '2026-10')),
        )
        const query = (sql: string) => onServer(house.url, sql)
        expect((await partitionsOf(query, 'etl_job_metrics'))[0]).toBe('p202610')
        if (archive !== 'NONE') expect(countOf(report, 'rows archived')).toBe(gone)
        if (archive === 'TABLE') expect(await sumOf(house.url, 'etl_job_metrics_archive')).toEqual(sumsOf(old))
        if (archive === 'PARQUET') expect(await readArchive(house.store, house.folder)).toEqual(sumsOf(old))
        expect(countOf(await house.run('partitions'), 'partitions dropped')).toBe(0)
      })
    }, 120_000)
  }

  test('that are archived when the run is broken off, again and again, are archived once', async () => {
    await withHouse(async (house) => {
      await house.set('retention.archive', 'TABLE')
      await makeMetrics(house.url, 100_000)
      const before = await countsByMonth(house.url)
      const old = Object.entries(before).filter(([month]) => month < '2026-10')
      let broken = 0
      for (let afterMs = 30; ; afterMs += 120) {
        const report = await house.run('partitions', false, AbortSignal.timeout(afterMs)).catch(() => null)
        if (report !== null) break
        broken += 1
      }
      expect(broken).toBeGreaterThan(0)
      expect(await sumOf(house.url, 'etl_job_metrics_archive')).toEqual(sumsOf(old))
      expect(Object.keys(await countsByMonth(house.url))).toEqual(['2026-10', '2026-11'])
    })
  }, 120_000)

  test('that somebody holds are left for the next run, and others do not wait behind it', async () => {
    await withHouse(async (house) => {
      await makeMetrics(house.url, 1000)
      await whileReading(house.url, 'etl_job_metrics', async () => {
        const running = house.run('partitions')
        const beganMs = Date.now()
        let longestMs = 0
        for (let call = 0; call < 20; call += 1) {
          const askedMs = Date.now()
          await onServer(
            house.url,
            "INSERT INTO etl_job_metrics (job_id, execution_id, metric_time) VALUES ('j', 'e', '2026-11-02')",
          )
          longestMs = Math.max(longestMs, Date.now() - askedMs)
        }
        const report = await running
        expect(report.warnings[0]).toContain('long transactions hold the table')
        expect(longestMs).toBeLessThan((Date.now() - beganMs) / 2)
      })
      expect(await house.run('partitions')).toMatchObject({ status: 'DONE', warnings: [] })
    })
  }, 120_000)
})

/** A transaction that has read a table keeps it from being altered. */
async function whileReading(url: string, table: string, run: () => Promise<void>): Promise<void> {
  const connection = await createConnection(url)
  try {
    await connection.query('START TRANSACTION')
    await connection.query(`SELECT 1 FROM ${table} LIMIT 1`)
    await run()
    await connection.query('COMMIT')
  } finally {
    await connection.end()
  }
}

/** Of rows; a partition that is dropped is none. */
async function forbidDeletes(url: string): Promise<void> {
  await onServer(
    url,
    "CREATE TRIGGER no_deletes BEFORE DELETE ON etl_job_metrics FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'row by row'",
  )
}

/** Made by the server: a row every so often over 13 months, each with its number in a column that can be summed. */
async function makeMetrics(url: string, rows: number): Promise<void> {
  const days = 390
  await onServer(
    url,
    `INSERT INTO etl_job_metrics (job_id, execution_id, metric_time, epoch, records_read_total, records_read_rate)
     SELECT CONCAT('job,"', n % 10), CONCAT('e\\n', n % 100), TIMESTAMP('2025-11-01') + INTERVAL FLOOR(n * ${days * 86_400} / ${rows}) SECOND,
            IF(n % 3 = 0, NULL, n), n, n / 7 FROM (${sequence(rows)}) numbers`,
  )
}

const sequence = (rows: number) => {
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ')
  const places = Array.from({ length: Math.ceil(Math.log10(rows)) }, (_, place) => `p${place}.d * ${10 ** place}`)
  return `SELECT ${places.join(' + ')} AS n FROM ${places.map((_, place) => `(${digits}) p${place}`).join(', ')}`
}

async function countsByMonth(url: string): Promise<Record<string, number>> {
  const rows = (await onServer(
    url,
    "SELECT DATE_FORMAT(metric_time, '%Y-%m') AS month, COUNT(*) AS held FROM etl_job_metrics GROUP BY 1 ORDER BY 1",
  )) as { month: string; held: number }[]
  return Object.fromEntries(rows.map(({ month, held }) => [month, Number(held)]))
}

/** Of numbers 0 to n - 1, which is how they were given out, oldest first. */
function sumsOf(months: readonly (readonly [string, number])[]) {
  const rows = months.reduce((sum, [, held]) => sum + held, 0)
  return { rows, total: (rows * (rows - 1)) / 2, empty: Math.ceil(rows / 3) }
}

async function sumOf(url: string, table: string) {
  const sql = `SELECT COUNT(*) AS held, SUM(records_read_total) AS total, COUNT(*) - COUNT(epoch) AS empty FROM ${table}`
  const [found] = (await onServer(url, sql)) as { held: number; total: string; empty: number }[]
  return { rows: Number(found?.held), total: Number(found?.total), empty: Number(found?.empty) }
}

async function readArchive(store: ObjectStore, folder: string) {
  const session = await openSession({ folder, memoryLimitBytes: 256 * 1024 ** 2, threads: 1 })
  try {
    const files: string[] = []
    for await (const { key } of store.list('archive/etl_job_metrics/')) files.push(await store.fetch(key, folder))
    const from = `read_parquet([${files.map((file) => `'${file}'`).join(', ')}])`
    const [row = []] = await session.rows(
      `SELECT COUNT(*), SUM(records_read_total), COUNT(*) - COUNT(epoch) FROM ${from}
        WHERE job_id LIKE 'job,"_' AND execution_id LIKE 'e' || chr(10) || '%' AND metric_time >= TIMESTAMP '2025-11-01'`,
    )
    const [rows, total, empty] = row.map(Number)
    return { rows, total, empty }
  } finally {
    session.close()
  }
}

function countOf({ done }: TaskReport, what: string): number {
  return done.find((one) => one.what === what)?.count ?? Number.NaN
}
