import { describe, expect, test } from '@jest/globals'
import { noTotals } from '../../../core/execution/record-totals.js'
import { openApiMeters } from '../../../telemetry/api-meters.js'
import { openWorkerMeters } from '../../../telemetry/worker-meters.js'
import { openPromlint, type Promlint } from '../../support/promlint.js'

const promlint = await openPromlint()
const linted = promlint === null ? describe.skip : describe

linted('Prometheus itself', () => {
  const lint = promlint as Promlint

  test('complains of nothing that a worker shows, whatever a job is called', async () => {
    const meters = openWorkerMeters(4, () => 3)
    const done = {
      records: { ...noTotals, read: 1e15, written: 0.5, sideRead: 5 },
      bytes: { read: 4096, written: 0 },
      exchangeBytes: 1000,
    }
    for (const jobName of ['plain', 'a "b"', 'c\\', 'd\ne', '{le="1"} 1', 'ä 表 🦆', ' ', '# TYPE x counter'])
      meters.stepEnded(jobName, 1.5, done)
    meters.stepEnded('plain', 0, null)
    meters.epochCommitted(1e-9, 1e21)
    meters.restarted()
    meters.checkpointFailed()
    meters.sampleDropped()
    expect(await lint(await meters.exposition.text())).toEqual([])
  })

  test('complains of nothing that an API shows, and of nothing where the catalogue is away', async () => {
    const executions = { CREATED: 0, WAITING: 2, RUNNING: 3 }
    const overview = { executions, oldestWaitMs: 90_000, limit: 5, workers: 2, slots: 4, slotsUsed: 3 }
    for (const known of [async () => overview, () => Promise.reject(new Error('away'))]) {
      const meters = openApiMeters(known, () => 0)
      meters.answered('GET', '/jobs/{jobId}', 200, 0.02)
      meters.answered('(other)', '(other)', 404, 60)
      expect(await lint(await meters.exposition.text())).toEqual([])
    }
  })

  test('complains of what it cannot read, and of what is named badly', async () => {
    expect(await lint('etl_ms{a="1} 2\n')).toEqual([expect.stringMatching(/^it cannot be read: /)])
    expect(await lint('# HELP sent Sent.\n# TYPE sent counter\nsent 1\n')).toEqual([
      'sent counter metrics should have "_total" suffix',
    ])
  })
})
