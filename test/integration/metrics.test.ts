/** Metrics as they are stored by samples and checkpoints, and as they are read over any range. */
import { describe, expect, test } from '@jest/globals'
import { noTotals } from '../../core/execution/record-totals.js'
import type { Sample } from '../../core/metrics/sample.js'
import { MOST_POINTS } from '../../core/metrics/steps.js'
import { noRecords } from '../../core/record/counters.js'
import { type Database, openDatabase } from '../../models/database.js'
import { JOB_POINTS, metricPoints, OPERATOR_POINTS } from '../../models/stores/execution/metric-points.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { metricStore } from '../../models/stores/metric-store.js'
import { withApi } from '../support/api.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const startMs = Date.parse('2026-11-20T00:00:00Z')

describe('a sample', () => {
  test('that is stored again, because its answer was lost, leaves no row more', async () => {
    await withCatalogue(async ({ db, executionId, jobId }) => {
      const store = metricStore(db)
      const sample = sampled(executionId, jobId, startMs, 100, 40)
      await Promise.all([store.write(sample), store.write(sample)])
      await store.write(sample)
      // Another worker at the same time is another row.
      await store.write({ ...sample, workerId: 'other' })
      expect(await db.tables.jobMetrics.count()).toBe(2)
      expect(await db.tables.operatorMetrics.count()).toBe(2)
    })
  })

  test('and a checkpoint tell of the same work once', async () => {
    await withCatalogue(async ({ db, executionId, jobId }) => {
      const store = metricStore(db)
      await store.write(sampled(executionId, jobId, startMs + 10_000, 100, 100))
      await store.write(sampled(executionId, jobId, startMs + 20_000, 250, 150))
      const place = { jobId, executionId, epoch: 1, metricTime: new Date(startMs + 21_000) }
      await db.tables.jobMetrics.create({ ...place, recordsReadTotal: 250, checkpointDurationMs: 20_900 })
      await db.tables.operatorMetrics.create({ ...place, operatorId: 'delayed', recordsIn: 250 })
      const { job, operators } = await metricPoints(db, executionId, range(0, 30_000, 10_000))
      expect(job.map(({ time, records, rates }) => [time.slice(17, 19), records.read, rates.read])).toEqual([
        // Since the execution began, twenty seconds before.
        ['10', 100, 5],
        ['20', 250, 13.636],
      ])
      expect(operators.map(({ recordsIn }) => recordsIn)).toEqual([100, 150])
      expect(job[1]).toMatchObject({ checkpointDurationMs: 20_900, epoch: 1 })
    })
  })
})

test('samples and checkpoints are thinned out apart, and each adds up to what it did', async () => {
  await withCatalogue(async ({ db, executionId, jobId }) => {
    const place = { jobId, executionId, operatorId: 'delayed', recordsIn: 7 }
    const rows = Array.from({ length: 60 }, (_, at) => [
      { ...place, metricTime: new Date(startMs + at * 5000), epoch: at + 1 },
      { ...place, metricTime: new Date(startMs + at * 5000), epoch: at + 1, sampledBy: 'worker' },
    ]).flat()
    await db.tables.operatorMetrics.bulkCreate(rows)
    await db.tables.jobMetrics.bulkCreate(rows.map(({ operatorId: _, recordsIn: __, ...row }) => row))
    await mysqlJournal(db).thinOut?.(executionId, startMs + 2 * 3_600_000)
    const left = async (table: string) =>
      await db.query(
        `SELECT CAST(COUNT(*) AS DOUBLE) AS n, sampled_by AS worker FROM ${table} GROUP BY sampled_by ORDER BY sampled_by`,
      )
    // Five minutes, by the minute.
    for (const table of ['etl_job_metrics', 'etl_operator_metrics'])
      expect(await left(table)).toEqual([
        { n: 5, worker: null },
        { n: 5, worker: 'worker' },
      ])
    const { operators } = await metricPoints(db, executionId, range(0, 300_000, 300_000))
    expect(operators).toMatchObject([{ recordsIn: 420, operatorId: 'delayed' }])
  })
})

describe('a range of metrics', () => {
  test('has gaps where there was nothing, and rates that add up to what was counted all the same', async () => {
    await withCatalogue(async ({ db, executionId, jobId }) => {
      for (const [at, read] of [
        [0, 100],
        [10, 200],
        [7200, 300],
        [7210, 500],
      ] as const)
        await metricStore(db).write(sampled(executionId, jobId, startMs + at * 1000, read, 100))
      const { job } = await metricPoints(db, executionId, range(0, 3 * 3_600_000, 10_000))
      expect(job.map(({ time }) => time.slice(11, 19))).toEqual(['00:00:00', '00:00:10', '02:00:00', '02:00:10'])
      // When the 100 records of two hours came nobody has measured.
      expect(job.map(({ rates }) => rates.read)).toEqual([10, 10, 0.014, 20])
      // A range within goes on from the row before it.
      const within = await metricPoints(db, executionId, range(7_205_000, 7_220_000, 10_000))
      expect(within.job.map(({ rates }) => rates.read)).toEqual([20])
    })
  })

  test('is thinned out by its length where no step is given, and refused where a step gives too many points', async () => {
    await withCatalogue(async ({ db, executionId, jobId }) => {
      await metricStore(db).write(sampled(executionId, jobId, startMs, 1, 1))
      const stepOf = async (toMs: number) => (await metricPoints(db, executionId, range(0, toMs))).stepMs / 1000
      expect(await stepOf(60_000)).toBe(10)
      expect(await stepOf(3_600_000)).toBe(30)
      expect(await stepOf(24 * 3_600_000)).toBe(300)
      expect(await stepOf(400 * 24 * 3_600_000)).toBe(2 * 24 * 3600)
      await expect(metricPoints(db, executionId, range(0, (MOST_POINTS + 1) * 1000, 1000))).rejects.toMatchObject({
        code: 'usage.invalid',
        hint: 'Ask for a shorter range, or for a step of 2s or more.',
      })
    })
  })

  test('is answered over HTTP, with the slowest operator beside it', async () => {
    await withApi({}, async ({ call, database }) => {
      const { executionId, jobId } = await accepted(database)
      await metricStore(database).write(sampled(executionId, jobId, startMs, 100, 100))
      const query = `from=${new Date(startMs).toISOString()}&to=${new Date(startMs + 60_000).toISOString()}&step=30s`
      const { body } = await call('get', `/executions/${executionId}/metrics?${query}`).expect(200)
      expect(body).toMatchObject({ stepMs: 30_000, job: [{ records: { read: 100 } }], operators: [{ idleMs: 7000 }] })
      await call('get', `/executions/${executionId}/metrics?step=0s`).expect(400)
      await call('get', `/executions/${executionId}/metrics?${query.replace('30s', '1s')}`).expect(200)
      const { body: operators } = await call('get', `/executions/${executionId}/operators`).expect(200)
      expect(operators.slowest).toMatchObject({ operatorId: 'delayed', why: 'BUSY', percent: 100 })
    })
  })
})

test('any range of one of 1,000 executions reads no rows of the others, and takes milliseconds', async () => {
  await withCatalogue(async ({ db, executionId, jobId }) => {
    await fill(db, executionId, jobId)
    const [held] = await db.query<{ n: number }>(
      'SELECT (SELECT COUNT(*) FROM etl_job_metrics) + (SELECT COUNT(*) FROM etl_operator_metrics) AS n',
    )
    expect(Number(held?.n)).toBeGreaterThan(400_000)
    const took: number[] = []
    for (const [fromMs, toMs] of [
      [0, 3_600_000],
      [0, dayMs],
      [dayMs, dayMs + 3_600_000],
      [-30 * dayMs, 30 * dayMs],
    ] as const) {
      const points = () => metricPoints(db, executionId, range(fromMs, toMs))
      const { job, operators } = await points()
      took.push(await msOf(points))
      expect(job.length).toBeGreaterThan(0)
      expect(job.length).toBeLessThanOrEqual(301)
      expect(operators.length).toBe(job.length * 3)
      const values = { executionId, from: new Date(startMs + fromMs), to: new Date(startMs + toMs), stepMs: 60_000 }
      for (const sql of [JOB_POINTS, OPERATOR_POINTS]) {
        const [plan] = await db.query<{ key: string; rows: string | number }>(`EXPLAIN ${sql}`, values)
        expect(plan?.key).toBe('idx_execution_time')
        // An estimate: of this execution there are some 4,000 and 12,000, and of all 120,000 and 360,000.
        expect(Number(plan?.rows)).toBeLessThan(sql === JOB_POINTS ? 12_000 : 36_000)
      }
    }
    took.push(await msOf(() => executionStore(db).operators(executionId)))
    console.info(
      `${held?.n} rows of metrics; an hour, a day, an hour in full, all, the slowest operator: ${took.map((ms) => Math.round(ms)).join(', ')} ms`,
    )
  })
}, 300_000)

/** The middle one of five. */
async function msOf(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return took.toSorted((a, b) => a - b)[2]!
}

const dayMs = 24 * 3_600_000

/**
 * As thinning leaves it (core/execution/thinning.ts): of one execution a day by the minute and an hour with a checkpoint each
 * five seconds and a sample each ten; of each of 999 others an hour by the minute.
 */
async function fill(db: Database, executionId: string, jobId: string): Promise<void> {
  const numbers = (name: string, most: number) => `(SELECT seq.n AS ${name} FROM
    (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n FROM ${['a', 'b', 'c', 'e'].map((d) => `(${digits}) ${d}`).join(' JOIN ')}) seq
    WHERE seq.n < ${most}) ${name}s`
  const at = (everyMs: string) => `TIMESTAMPADD(MICROSECOND, ${everyMs} * 1000, '2026-11-20 00:00:00')`
  const own = `'${executionId}'`
  const day = { executionId: own, from: numbers('t', 1440), at: at('t * 60000') }
  const hour = (everyMs: number) => ({
    executionId: own,
    from: numbers('t', 3_600_000 / everyMs),
    at: at(`(${dayMs} + t * ${everyMs})`),
  })
  const from = `${numbers('o', 999)} JOIN ${numbers('t', 60)}`
  const others = { executionId: "CONCAT('other-', o)", from, at: at('(t * 60000 + o * 7000)') }
  for (const [sampledBy, everyMs] of [
    ["'worker'", 10_000],
    ['NULL', 5000],
  ] as const)
    for (const given of [others, day, hour(everyMs)]) {
      await db.execute(
        `INSERT INTO etl_job_metrics (job_id, execution_id, metric_time, epoch, sampled_by, records_read_total, records_read_rate)
         SELECT '${jobId}', ${given.executionId}, ${given.at}, t + 1, ${sampledBy}, t * 1000, 100 FROM ${given.from}`,
      )
      await db.execute(
        `INSERT INTO etl_operator_metrics (job_id, execution_id, operator_id, metric_time, epoch, sampled_by, records_in, processing_time_ms)
         SELECT '${jobId}', ${given.executionId}, p, ${given.at}, t + 1, ${sampledBy}, 1000, 900
           FROM ${given.from} JOIN (SELECT 'flights' AS p UNION SELECT 'delayed' UNION SELECT 'warehouse') ps`,
      )
    }
}

const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ')

interface Catalogue {
  readonly db: Database
  readonly executionId: string
  readonly jobId: string
}

async function withCatalogue(run: (catalogue: Catalogue) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const db = await openDatabase(url)
    try {
      await run({ db, ...(await accepted(db)) })
    } finally {
      await db.close()
    }
  })
}

async function accepted(db: Database) {
  const { jobId } = await jobStore(db, jobSecrets).save(sampleJob())
  const { executionId } = await executionStore(db).create({
    jobId,
    parameters: {},
    logicalTime: new Date(startMs),
    triggerType: 'MANUAL',
    createdBy: null,
  })
  await db.execute('UPDATE etl_job_execution SET start_time = :at', { at: new Date(startMs - 10_000) })
  return { jobId, executionId }
}

function range(fromMs: number, toMs: number, stepMs?: number) {
  return { from: new Date(startMs + fromMs), to: new Date(startMs + toMs), stepMs }
}

function sampled(executionId: string, jobId: string, atMs: number, read: number, since: number): Sample {
  const counters = { ...noRecords, in: since, out: since, passed: since, processingMs: 3000 }
  return {
    workerId: 'worker',
    at: new Date(atMs),
    cpuUsagePercent: 50,
    memoryUsageBytes: 2 ** 30,
    executions: [
      {
        executionId,
        jobId,
        epoch: 1,
        totals: { ...noTotals, read },
        bytes: { read: read * 10, written: 0 },
        done: { ...noTotals, read: since },
        bytesDone: { read: since * 10, written: 0 },
        backpressureMs: 0,
        backpressureCount: 0,
        coveredMs: 10_000,
        stateSizeBytes: 0,
        operators: [
          {
            operatorId: 'delayed',
            operatorName: 'delayed',
            counters,
            subtasks: 1,
            busiest: since,
            idleMs: 7000,
            stateSizeBytes: 0,
          },
        ],
      },
    ],
  }
}
