/** Samples while the catalogue is away: kept, stored once it is back, none of them twice, and beyond the bound the oldest dropped. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { noBytes } from '../../core/execution/byte-totals.js'
import { noTotals } from '../../core/execution/record-totals.js'
import { openBoard } from '../../core/metrics/board.js'
import type { Sample } from '../../core/metrics/sample.js'
import { noRecords } from '../../core/record/counters.js'
import { type Database, openDatabase } from '../../models/database.js'
import { migrate } from '../../models/migrate.js'
import { metricStore } from '../../models/stores/metric-store.js'
import { keepSampling } from '../../worker/sampler.js'
import { sampleJob } from '../support/sample-job.js'
import { privateMysql } from '../support/services.js'
import { until } from '../support/until.js'

test('a catalogue that is gone and comes back has every sample once, up to the bound, and holds up no step', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'etl-outage-'))
  const mysql = await privateMysql(folder)
  await mysql.start()
  const url = `${mysql.address}/etl_metrics`
  await migrate(url)
  const database = await openDatabase(url)
  try {
    const short = await through(database, mysql, { workerId: 'few', everyMs: 250 })
    expect(short.dropped).toBe(0)
    expect(short.stored).toEqual(short.taken)
    expect(short.records).toBe(short.counted)

    const long = await through(database, mysql, { workerId: 'many', everyMs: 250, most: 10 })
    expect(long.dropped).toBeGreaterThan(0)
    // Those that are lost are the oldest of the outage, and no more than were over the bound.
    expect(long.stored.length).toBe(long.taken.length - long.dropped)
    expect(long.stored).toEqual(long.taken.filter((at) => long.stored.includes(at)))
    expect(long.stored.slice(-10)).toEqual(long.taken.slice(-10))
    // A step counts on, whatever becomes of the samples.
    expect(long.longestMs).toBeLessThan(1000)
  } finally {
    await database.close()
    await mysql.kill()
    await rm(folder, { recursive: true, force: true })
  }
}, 180_000)

type Mysql = Awaited<ReturnType<typeof privateMysql>>

interface Bounds {
  readonly workerId: string
  readonly everyMs: number
  readonly most?: number
}

async function through(database: Database, mysql: Mysql, { everyMs, ...bounds }: Bounds) {
  const { workerId } = bounds
  const [board, taken] = [openBoard(), [] as string[]]
  let [dropped, counted, longestMs, lastMs] = [0, 0, 0, performance.now()]
  const step = board.begin(facts, performance.now())
  const work = setInterval(() => {
    counted += 1
    step.counted({ delayed: { ...noRecords, in: counted } })
    longestMs = Math.max(longestMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 10)
  const sampler = keepSampling({
    ...bounds,
    board,
    metrics: metricStore(database),
    intervalMs: async () => everyMs,
    usage: () => ({ cpuUsagePercent: 0, memoryUsageBytes: 0 }),
    warn: () => undefined,
    taken: (sample: Sample) => taken.push(sample.at.toISOString()),
    dropped: (samples) => {
      dropped += samples
    },
  })
  const rows = async () =>
    await database.query<{ at: Date; records: string }>(
      'SELECT metric_time AS at, records_in AS records FROM etl_operator_metrics WHERE sampled_by = :workerId ORDER BY metric_time',
      { workerId },
    )
  await until('samples are stored', async () => (await rows()).length > 3)
  await mysql.kill()
  await sleep(5000)
  await mysql.start()
  await until('what waited is stored', async () => (await rows()).length + dropped >= taken.length - 1, {
    withinMs: 60_000,
  })
  clearInterval(work)
  step.ended(performance.now(), null)
  await sampler.stop()
  const stored = await until('the last is stored', async () => {
    const all = await rows()
    return all.length + dropped >= taken.length ? all : null
  })
  return {
    taken,
    dropped,
    counted,
    longestMs,
    stored: stored.map(({ at }) => new Date(at).toISOString()),
    records: stored.reduce((sum, { records }) => sum + Number(records), 0),
  }
}

const facts = {
  ...{ executionId: 'e', jobId: 'j', jobName: 'job', vertexId: 'flights', subtask: 0, epoch: 1, phase: 2, states: [] },
  graph: sampleJob().graph,
  before: noTotals,
  bytesBefore: noBytes,
}
