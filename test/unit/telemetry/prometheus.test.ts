import { describe, expect, test } from '@jest/globals'
import { JobError } from '../../../core/errors/job-error.js'
import { noBytes } from '../../../core/execution/byte-totals.js'
import { noTotals } from '../../../core/execution/record-totals.js'
import { openApiMeters } from '../../../telemetry/api-meters.js'
import { exposeMetrics } from '../../../telemetry/listen.js'
import { openWorkerMeters } from '../../../telemetry/worker-meters.js'
import { readExposition } from '../../support/exposition.js'

const overview = {
  executions: { CREATED: 0, WAITING: 2, RUNNING: 3, PAUSED: 0, RESTARTING: 0 },
  ...{ oldestWaitMs: 90_000, limit: 5, workers: 2, slots: 4, slotsUsed: 3 },
}

describe('what a worker shows', () => {
  test('is clean, and counts what it is told', async () => {
    const meters = openWorkerMeters(4, () => 3)
    const done = {
      records: { ...noTotals, read: 100, written: 30, sideRead: 5 },
      bytes: { read: 4096, written: 0 },
      exchangeBytes: 1000,
    }
    meters.stepEnded('nightly "load"', 1.5, done)
    meters.stepEnded('nightly "load"', 0.5, null)
    meters.epochCommitted(2, 5000)
    meters.restarted()
    meters.checkpointFailed()
    const { problems, values } = readExposition(await meters.exposition.text())
    expect(problems).toEqual([])
    expect(values.get('etl_worker_records_total{job="nightly \\"load\\"",kind="read"}')).toBe(100)
    expect(values.get('etl_worker_records_total{job="nightly \\"load\\"",kind="side_read"}')).toBe(5)
    expect(values.get('etl_worker_steps_total{result="failed"}')).toBe(1)
    expect(values.get('etl_worker_checkpoint_duration_seconds_bucket{le="2.5"}')).toBe(1)
    expect(values.get('etl_worker_slots_used')).toBe(3)
    expect(values.get('etl_worker_exchange_bytes_total')).toBe(1000)
    expect([...values].filter(([name]) => name.startsWith('etl_worker_bytes_total'))).toEqual([
      [expect.stringContaining('direction="read"'), 4096],
    ])
    expect(values.has('process_resident_memory_bytes')).toBe(true)
  })

  test('tells only so many jobs apart', async () => {
    const meters = openWorkerMeters(1, () => 0)
    const done = { records: { ...noTotals, read: 1, written: 1 }, bytes: noBytes, exchangeBytes: 0 }
    for (let job = 0; job < 1000; job += 1) meters.stepEnded(`job-${job}`, 1, done)
    meters.stepEnded('job-7', 1, done)
    const { series, values } = readExposition(await meters.exposition.text())
    expect(series.get('etl_worker_records_total')).toBe(202)
    expect(values.get('etl_worker_records_total{job="(other)",kind="read"}')).toBe(900)
    expect(values.get('etl_worker_records_total{job="job-7",kind="read"}')).toBe(2)
  })

  test('is served on a port of its own, and a port that is taken is an error that says which', async () => {
    const { exposition } = openWorkerMeters(1, () => 0)
    const listener = await exposeMetrics('127.0.0.1', 0, exposition)
    try {
      const response = await fetch(`http://127.0.0.1:${listener.port}/metrics`)
      expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
      expect(readExposition(await response.text()).problems).toEqual([])
      expect((await fetch(`http://127.0.0.1:${listener.port}/healthz`)).status).toBe(200)
      expect((await fetch(`http://127.0.0.1:${listener.port}/secrets`)).status).toBe(404)
      expect((await fetch(`http://127.0.0.1:${listener.port}/metrics`, { method: 'POST' })).status).toBe(405)
      await expect(exposeMetrics('127.0.0.1', listener.port, exposition)).rejects.toMatchObject({
        code: 'environment.invalid',
        message: expect.stringContaining(String(listener.port)),
      })
    } finally {
      await listener.close()
    }
  })
})

describe('what the API shows', () => {
  test('is clean, with the catalogue asked once for all of it, and seldom', async () => {
    let [asked, now] = [0, 0]
    const meters = openApiMeters(
      async () => {
        asked += 1
        return overview
      },
      () => now,
    )
    meters.answered('GET', '/jobs/{jobId}', 200, 0.02)
    const { problems, values } = readExposition(await meters.exposition.text())
    expect(problems).toEqual([])
    expect(values.get('etl_executions{status="WAITING"}')).toBe(2)
    expect(values.get('etl_admission_oldest_wait_seconds')).toBe(90)
    expect(values.get('etl_api_requests_total{method="GET",route="/jobs/{jobId}",status="200"}')).toBe(1)
    expect(values.get('etl_catalogue_up')).toBe(1)
    await meters.exposition.text()
    expect(asked).toBe(1)
    now = 6000
    await meters.exposition.text()
    expect(asked).toBe(2)
  })

  test('leaves out what it cannot know while the catalogue is away', async () => {
    const away = async () => {
      throw new JobError('mysql.away', 'gone')
    }
    const { problems, values } = readExposition(await openApiMeters(away, () => 0).exposition.text())
    expect(problems).toEqual([])
    expect(values.get('etl_catalogue_up')).toBe(0)
    expect([...values.keys()].filter((name) => name.startsWith('etl_executions'))).toEqual([])
    expect(values.has('etl_workers')).toBe(false)
  })
})

test('a text that promtool would refuse is found out', () => {
  const { problems } = readExposition(
    '# TYPE etl_ms gauge\netl_ms{a="1} 2\n# TYPE sent counter\nsent 1\nsent 2\nfree 1',
  )
  expect(problems).toEqual([
    'the last line does not end',
    'not a line: etl_ms{a="1} 2',
    'sent is there twice',
    'free has no TYPE before it',
    'etl_ms has no HELP',
    'etl_ms is in no base unit',
    'sent has no HELP',
    'sent is a counter and does not end in _total',
  ])
})
