/** What each epoch leaves in the catalogue stays little, however long a job runs, and counts what it counted. */
import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import { openDatabase } from '../../models/database.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const hourMs = 3_600_000
/** A number of epochs that is measured with: ETL_TEST_EPOCHS=260000 are three days of epochs of a second. */
const epochs = Number(process.env.ETL_TEST_EPOCHS ?? 8640)
const apartMs = (3 * 24 * hourMs) / epochs

test('rows of three days are thinned out, savepoints and what is retained stay, and metrics count what they counted', async () => {
  await withMigratedDatabase(async (url) => {
    const db = await openDatabase(url)
    try {
      const { jobId } = await jobStore(db, jobSecrets).save(sampleJob())
      const { executionId, lineageId } = await executionStore(db).create({
        jobId,
        parameters: {},
        logicalTime: new Date(),
        triggerType: 'MANUAL',
        createdBy: null,
      })
      const nowMs = Math.floor(Date.now() / 1000) * 1000
      await fill(url, { jobId, executionId, lineageId, nowMs })
      const journal = mysqlJournal(db)
      const beganMs = Date.now()
      let removed = 0
      for (let gone = -1; gone !== 0; removed += gone) gone = (await journal.thinOut?.(executionId, nowMs)) ?? 0
      if (process.env.ETL_TEST_EPOCHS !== undefined)
        process.stderr.write(
          `${removed} rows removed in ${Date.now() - beganMs} ms, left ${JSON.stringify(await left(url))}\n`,
        )

      const recent = Math.ceil(hourMs / apartMs)
      const most = recent + 23 * 60 + 2 * 24 + 10
      const rows = await left(url)
      expect(rows.checkpoints).toBeLessThanOrEqual(most + 2)
      expect(rows.events).toBeLessThanOrEqual(most + 1)
      expect(rows.job).toBeLessThanOrEqual(most)
      expect(rows.operators).toBeLessThanOrEqual(2 * most)
      expect(rows).toMatchObject({ savepoints: 1, retained: 1, submitted: 1 })
      const [sums] = (await onServer(
        url,
        `SELECT SUM(records_in) AS n, COUNT(DISTINCT operator_id) AS operators, MAX(epoch) AS newest FROM etl_operator_metrics`,
      )) as { n: string; operators: number; newest: number }[]
      expect(sums).toEqual({ n: String(epochs * 2), operators: 2, newest: epochs })
      const [totals] = (await onServer(url, 'SELECT MAX(records_read_total) AS n FROM etl_job_metrics')) as object[]
      expect(totals).toEqual({ n: epochs })
    } finally {
      await db.close()
    }
  })
}, 600_000)

async function left(url: string) {
  const count = async (table: string, where = '1') =>
    ((await onServer(url, `SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`)) as { n: number }[])[0]?.n ?? -1
  return {
    checkpoints: await count('etl_checkpoint'),
    savepoints: await count('etl_checkpoint', "checkpoint_type = 'SAVEPOINT'"),
    retained: await count('etl_checkpoint', "checkpoint_type = 'PERIODIC' AND NOT state_discarded"),
    events: await count('etl_execution_event'),
    submitted: await count('etl_execution_event', "event_type = 'SUBMITTED'"),
    job: await count('etl_job_metrics'),
    operators: await count('etl_operator_metrics'),
  }
}

interface Place {
  readonly jobId: string
  readonly executionId: string
  readonly lineageId: string
  readonly nowMs: number
}

/** As so many commits would have left it; an epoch reads one record. */
async function fill(url: string, { jobId, executionId, lineageId, nowMs }: Place): Promise<void> {
  const connection = await createConnection({ uri: url, timezone: '+00:00' })
  const insert = async (table: string, columns: string, rows: readonly unknown[][]) => {
    for (let from = 0; from < rows.length; from += 5000)
      await connection.query(`INSERT INTO ${table} (${columns}) VALUES ?`, [rows.slice(from, from + 5000)])
  }
  const all = Array.from({ length: epochs }, (_, at) => ({
    epoch: at + 1,
    at: new Date(nowMs - (epochs - at) * apartMs),
  }))
  const old = Math.floor(epochs / 4)
  const checkpoint = (epoch: number, at: Date, type: string, discarded: boolean) => [
    ...[randomUUID(), jobId, executionId, lineageId, epoch, 2, type, 'COMPLETED', 1, 1, 1, '{}', discarded, at, at],
  ]
  await insert(
    'etl_checkpoint',
    'checkpoint_id, job_id, execution_id, lineage_id, epoch, phase, checkpoint_type, checkpoint_status, job_version, generation, attempt, plan, state_discarded, trigger_time, complete_time',
    [
      ...all.map(({ epoch, at }) => checkpoint(epoch, at, 'PERIODIC', epoch !== old)),
      checkpoint(old, all[old - 1]!.at, 'SAVEPOINT', false),
    ],
  )
  await insert(
    'etl_execution_event',
    'event_id, execution_id, job_id, event_type, event_level, event_time, epoch, message',
    all.map(({ epoch, at }) => [randomUUID(), executionId, jobId, 'CHECKPOINT_COMPLETED', 'INFO', at, epoch, 'done']),
  )
  await insert(
    'etl_job_metrics',
    'job_id, execution_id, metric_time, epoch, records_read_total',
    all.map(({ epoch, at }) => [jobId, executionId, at, epoch, epoch]),
  )
  await insert(
    'etl_operator_metrics',
    'job_id, execution_id, operator_id, metric_time, epoch, records_in',
    all.flatMap(({ epoch, at }) => ['a', 'b'].map((id) => [jobId, executionId, id, at, epoch, 1])),
  )
  await connection.end()
}
