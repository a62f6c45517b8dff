import { expect, test } from '@jest/globals'
import { isJobError } from '../../core/errors/job-error.js'
import { type Database, openDatabase } from '../../models/database.js'
import { configStore } from '../../models/stores/config-store.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { triggerStore } from '../../models/stores/trigger-store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { randomOf } from '../support/random.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const jobs = Number(process.env.ETL_TEST_LATTICE_JOBS ?? 200)
const rounds = Number(process.env.ETL_TEST_LATTICE_ROUNDS ?? 2)
const roots = 10
const seed = Number(process.env.ETL_TEST_SEED ?? Math.floor(Math.random() * 1e9))
const crashed = new Error('crashed')
/** What dies on the way is noted with its schedule, and tried again. */
const noted = () => undefined

/**
 * Executions are ended by calling the journal, by workers that die between any two transactions, or with their answer lost, and
 * do the same work twice and side by side; a sweeper dies as they do.
 */
test(`${jobs} jobs that depend on each other each run once per round of what they depend on, whatever dies (seed ${seed})`, async () => {
  const random = randomOf(seed)
  const chance = (of: number) => random() < of
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      await configStore(database).update('executor.max_running_executions', '4', null, 'ada')
      const lattice = await saveLattice(database, random)
      const flaky = dyingNowAndThen(database, () => chance(0.04))
      const [journal, triggers, executions] = [mysqlJournal(flaky), triggerStore(flaky), executionStore(database)]
      const times = Array.from({ length: rounds }, (_, round) => new Date(Date.UTC(2026, 0, 1 + round)))
      let most = 0
      let isOver = false

      const fire = async () => {
        for (const logicalTime of times)
          for (const jobId of lattice.rootIds)
            await executions.create({
              jobId,
              parameters: {},
              logicalTime,
              triggerType: 'CRON',
              triggerKey: `${jobId}@${logicalTime.toISOString()}`,
              createdBy: null,
            })
      }
      const runOne = async (executionId: string) => {
        const answer = await journal.admit(executionId, null)
        if (answer.kind === 'waiting') return
        most = Math.max(most, await countOf(database, `execution_status IN ('RUNNING', 'PAUSED', 'RESTARTING')`))
        const outcome = chance(0.05)
          ? ({ status: 'FAILED', error: null } as const)
          : ({ status: 'COMPLETED', error: null } as const)
        await journal.finish(answer.owner, outcome, 1)
        // Now and then it dies just here, and nobody looks but the sweeper; or two look at once.
        if (chance(0.1)) return
        await Promise.all(
          Array.from({ length: chance(0.2) ? 2 : 1 }, () => triggers.startDependants(executionId, noted)),
        )
      }
      const worker = async () => {
        while (!isOver) {
          const [next] = await database.query<{ executionId: string }>(
            `SELECT execution_id AS executionId FROM etl_job_execution
              WHERE execution_status IN ('CREATED', 'WAITING', 'RUNNING')
              ORDER BY execution_status = 'WAITING' AND RAND() < 0.95, RAND() LIMIT 1`,
          )
          if (next === undefined) await pause(20)
          else await survived(() => runOne(next.executionId))
        }
      }
      const sweeper = async () => {
        while (!isOver) {
          await survived(() =>
            triggers.startUnhandled(new Date(Date.now() + 1000), never, noted, (_id, error) => {
              if (!isExpected(error)) throw error
            }),
          )
          await survived(() => executions.admitWaiting([]))
          if (chance(0.3)) await tellTwice(database, random)
          await pause(100)
        }
      }
      const watch = async () => {
        for (let quiet = 0; quiet < 3; ) {
          await pause(200)
          const left =
            (await countOf(database, `execution_status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')`)) +
            (await countOf(database, 'is_handled = 0', 'etl_trigger_event'))
          quiet = left === 0 ? quiet + 1 : 0
        }
        isOver = true
      }
      await fire()
      await Promise.all([...Array.from({ length: 5 }, worker), sweeper(), watch()])

      const ran = await runsOf(database)
      for (const { jobId, on, status } of lattice.jobs) {
        for (const time of times) {
          const isReady = on.every((upstream) => {
            const [ended] = ran.get(`${upstream}@${time.toISOString()}`) ?? []
            return ended !== undefined && (status === 'ANY' || ended === status)
          })
          const here = ran.get(`${jobId}@${time.toISOString()}`) ?? []
          expect({ jobId, time, runs: here.length }).toEqual({ jobId, time, runs: isReady ? 1 : 0 })
        }
      }
      const total = [...ran.values()].flat().length
      // How many statuses fit is chance; a lattice in which little runs would prove little.
      expect(total).toBeGreaterThan((jobs * rounds) / 20)
      expect(await countOf(database, '1 = 1')).toBe(total)
      expect(most).toBeGreaterThan(1)
      expect(most).toBeLessThanOrEqual(4)
    } finally {
      await database.close()
    }
  })
}, 240_000)

interface Lattice {
  readonly rootIds: readonly string[]
  readonly jobs: readonly { readonly jobId: string; readonly on: readonly string[]; readonly status: string }[]
}

/** Each job depends on one to three of the jobs before it. */
async function saveLattice(database: Database, random: () => number): Promise<Lattice> {
  const store = jobStore(database, jobSecrets)
  const saved: { jobId: string; on: readonly string[]; status: string }[] = []
  for (let n = 0; n < jobs; n += 1) {
    const picked = new Set<number>()
    const count = n < roots ? 0 : 1 + Math.floor(random() * 3)
    while (picked.size < count) picked.add(Math.max(0, n - 1 - Math.floor(random() * 20)))
    const status = random() < 0.7 ? 'ANY' : 'COMPLETED'
    const definition = sampleJob({ name: `job${n}`, restart: { strategy: 'NONE' } })
    const on = [...picked].map((upstream) => `job${upstream}`)
    const schedule = count === 0 ? {} : { schedule: { type: 'DEPENDENCY', on, status } }
    const { jobId } = await store.save({ ...definition, spec: { ...definition.spec, ...schedule } })
    saved.push({ jobId, on: [...picked].map((upstream) => saved[upstream]!.jobId), status })
  }
  return { rootIds: saved.slice(0, roots).map(({ jobId }) => jobId), jobs: saved.slice(roots) }
}

/** Dies before a transaction, at its end so that it is undone, or after it so that its answer is lost. */
function dyingNowAndThen(database: Database, dies: () => boolean): Database {
  const mayDie = () => {
    if (dies()) throw crashed
  }
  return {
    ...database,
    transaction: async (run) => {
      mayDie()
      const answer = await database.transaction(async (transaction) => {
        const given = await run(transaction)
        mayDie()
        return given
      })
      mayDie()
      return answer
    },
  }
}

async function survived(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isExpected(error)) throw error
  }
}

/** Somebody else was faster, or it died. */
function isExpected(error: unknown): boolean {
  return error === crashed || (isJobError(error) && error.code === 'fenced')
}

const never = async () => false

/** An upstream has run for the same time again: a fact more, which starts nothing more. */
async function tellTwice(database: Database, random: () => number): Promise<void> {
  await database.execute(
    `INSERT IGNORE INTO etl_trigger_event
       (event_id, event_type, source_job_id, source_execution_id, source_status, logical_time, is_scheduled_time, event_time)
     SELECT :eventId, event_type, source_job_id, source_execution_id, source_status, logical_time, is_scheduled_time, NOW(3)
       FROM etl_trigger_event WHERE downstream_job_id = '' ORDER BY RAND() LIMIT 1`,
    { eventId: `again-${Math.floor(random() * 1e9)}` },
  )
}

/** How the runs of each job ended, by logical time. */
async function runsOf(database: Database): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await database.query<{ jobId: string; time: Date; status: string }>(
    'SELECT job_id AS jobId, logical_time AS time, execution_status AS status FROM etl_job_execution',
  )
  const runs = new Map<string, string[]>()
  for (const { jobId, time, status } of rows) {
    const key = `${jobId}@${time.toISOString()}`
    runs.set(key, [...(runs.get(key) ?? []), status])
  }
  return runs
}

async function countOf(database: Database, where: string, table = 'etl_job_execution'): Promise<number> {
  const [row] = await database.query<{ rows: number }>(`SELECT COUNT(*) AS \`rows\` FROM ${table} WHERE ${where}`)
  return Number(row?.rows)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
