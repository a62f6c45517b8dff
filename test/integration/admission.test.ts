import { describe, expect, test } from '@jest/globals'
import { isJobError } from '../../core/errors/job-error.js'
import type { Owner } from '../../core/execution/effects.js'
import type { Admitted, Journal } from '../../core/execution/journal.js'
import type { JobSettings } from '../../core/spec/settings.js'
import { type Database, openDatabase } from '../../models/database.js'
import { configStore } from '../../models/stores/config-store.js'
import { type ExecutionStore, executionStore, type NewExecution } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const completed = { status: 'COMPLETED', error: null } as const

describe('a hundred executions of a job that may run three at once', () => {
  test('never run more than three, all end, and larger priority goes first', async () => {
    await withCatalogue(null, async ({ journal, accept, job, live }) => {
      const jobId = await job('one', { maxConcurrentRuns: 3 })
      const priorities = Array.from({ length: 100 }, (_, n) => (n * 7) % 10)
      const accepted = await Promise.all(priorities.map((priority) => accept(jobId, { priority })))
      const answers = await Promise.all(accepted.map((executionId) => journal.admit(executionId, null)))
      const running = answers.flatMap((answer) => (answer.kind === 'admitted' ? [answer.owner] : []))
      expect(running).toHaveLength(3)
      const order = await runThrough(journal, running, async () => expect(await live()).toBeLessThanOrEqual(3))
      expect(order).toHaveLength(97)
      const begun = order.map((executionId) => priorities[accepted.indexOf(executionId)]!)
      // Those that run side by side begin at once; apart from them, none goes before one of larger priority.
      expect(begun).toEqual([...begun].sort((a, b) => b - a))
      expect(await live()).toBe(0)
    })
  }, 120_000)
})

describe('a limit of the whole system', () => {
  test('is shared by all jobs: what ends makes room for the first in the queue of any job', async () => {
    await withCatalogue(2, async ({ journal, accept, job, live }) => {
      const jobs = [await job('a', { maxConcurrentRuns: 9 }), await job('b'), await job('c')]
      const accepted: string[] = []
      for (const [of, priority] of [
        [0, 0],
        [0, 0],
        [0, 1],
        [1, 5],
        [2, 1],
        [0, 0],
      ] as const) {
        accepted.push(await accept(jobs[of]!, { priority }))
      }
      const answers = []
      for (const executionId of accepted) answers.push(await journal.admit(executionId, null))
      expect(answers.map(({ kind }) => kind)).toEqual(['admitted', 'admitted', ...Array(4).fill('waiting')])
      expect(answers[4]).toMatchObject({
        reason: '2 of 2 executions that may run at once in the whole system are running, and 2 that wait go before it.',
      })
      const running = answers.flatMap((answer) => (answer.kind === 'admitted' ? [answer.owner] : []))
      const order = await runThrough(journal, running, async () => expect(await live()).toBeLessThanOrEqual(2))
      expect(order.map((executionId) => accepted.indexOf(executionId))).toEqual([3, 2, 4, 5])
    })
  })

  test('is not filled by who waits for its own job, whatever its priority', async () => {
    await withCatalogue(2, async ({ journal, accept, job, executions }) => {
      const [narrow, other] = [await job('narrow'), await job('other', { maxConcurrentRuns: 9 })]
      const first = owner(await journal.admit(await accept(narrow), null))
      const blocked = await accept(narrow, { priority: 100 })
      expect(await journal.admit(blocked, null)).toMatchObject({
        reason: '1 of 1 concurrent runs of this job are running.',
      })
      const passing = owner(await journal.admit(await accept(other), null))
      const waiting = await accept(other)
      expect((await journal.admit(waiting, null)).kind).toBe('waiting')
      // The one of the other job is admitted, as that of larger priority still waits for its own.
      expect((await journal.finish(passing, completed, 1)).admitted).toMatchObject([{ executionId: waiting }])
      expect((await executions.get(blocked)).waitReason).toBe('1 of 1 concurrent runs of this job are running.')
      expect((await journal.finish(first, completed, 1)).admitted).toContainEqual(
        expect.objectContaining({ executionId: blocked }),
      )
    })
  })

  test('that is raised, or lost its signal in a crash, is made use of by the reconciler; nobody overtakes meanwhile', async () => {
    await withCatalogue(1, async ({ journal, accept, job, executions, setLimit }) => {
      const jobId = await job('a', { maxConcurrentRuns: 9 })
      const running = owner(await journal.admit(await accept(jobId), null))
      const [early, late] = [await accept(jobId), await accept(jobId)]
      expect((await journal.admit(early, { workflowId: 'w', runId: 'r' })).kind).toBe('waiting')
      await setLimit(2)
      expect(await journal.admit(late, null)).toMatchObject({ reason: expect.stringContaining('goes before it') })
      expect(await executions.admitWaiting([])).toEqual([{ jobId, executionId: early, workflowId: 'w' }])
      // Nobody was told: asked again, it is the answer again.
      expect(await executions.admitWaiting([])).toMatchObject([{ executionId: early }])
      expect((await journal.admit(early, null)).kind).toBe('admitted')
      expect((await executions.get(late)).waitReason).toContain('2 of 2')
      await journal.finish(running, completed, 1)
      expect((await journal.admit(late, null)).kind).toBe('admitted')
    })
  })

  test('is what a list names, where that is what keeps one waiting now', async () => {
    await withCatalogue(2, async ({ journal, accept, job, executions, database }) => {
      const [narrow, other] = [await job('narrow'), await job('other', { maxConcurrentRuns: 9 })]
      for (const jobId of [narrow, other]) owner(await journal.admit(await accept(jobId), null))
      const waiting = await accept(narrow)
      await journal.admit(waiting, null)
      const listed = async () =>
        (await executions.list({ limit: 10, status: 'WAITING' })).items.map(({ waitReason }) => waitReason)
      expect(await listed()).toEqual(['1 of 1 concurrent runs of this job are running.'])
      await database.execute('UPDATE etl_job SET max_concurrent_runs = 5 WHERE job_id = :narrow', { narrow })
      expect(await listed()).toEqual(['2 of 2 executions that may run at once in the whole system are running.'])
    })
  })

  test('lets a cancel of what waits leave alone what has begun meanwhile', async () => {
    await withCatalogue(1, async ({ journal, accept, job, executions }) => {
      const jobId = await job('a', { maxConcurrentRuns: 9 })
      const running = owner(await journal.admit(await accept(jobId), null))
      const [first, second] = [await accept(jobId), await accept(jobId)]
      for (const executionId of [first, second]) await journal.admit(executionId, null)
      const found = await executions.cancellable({ status: 'WAITING' })
      expect(found.map(({ executionId }) => executionId)).toEqual([first, second])
      await journal.finish(running, completed, 1)
      expect(await executions.cancelIfStill(first, null, 'ada', 'WAITING')).toBeNull()
      expect(await executions.get(first)).toMatchObject({ status: 'RUNNING', cancelRequested: false })
      expect(await executions.cancelIfStill(second, null, 'ada', 'WAITING')).not.toBeNull()
    })
  })

  test('holds under submissions and ends of many jobs at once, and leaves nobody waiting', async () => {
    await withCatalogue(4, async ({ journal, accept, job, live, database }) => {
      const jobs = await Promise.all(
        Array.from({ length: 8 }, (_, n) => job(`job${n}`, { maxConcurrentRuns: 1 + (n % 3) })),
      )
      const accepted = await Promise.all(
        Array.from({ length: 80 }, (_, n) => accept(jobs[n % 8]!, { priority: n % 3 })),
      )
      let most = 0
      const begun = new Set<string>()
      const work = async (executionId: string): Promise<void> => {
        const answer = await journal.admit(executionId, null).catch((error: unknown) => {
          // Told twice, it may have ended before it is asked for again.
          if (begun.has(executionId) && isJobError(error) && error.code === 'fenced') return null
          throw error
        })
        // Told twice, it is begun once.
        if (answer === null || answer.kind === 'waiting' || begun.has(executionId)) return
        begun.add(executionId)
        most = Math.max(most, await live())
        const { admitted } = await journal.finish(answer.owner, completed, 1)
        await Promise.all(admitted.filter((one) => !begun.has(one.executionId)).map((one) => work(one.executionId)))
      }
      await Promise.all(accepted.map(work))
      expect(most).toBeGreaterThan(1)
      expect(most).toBeLessThanOrEqual(4)
      const left = await database.query(
        `SELECT execution_status, COUNT(*) FROM etl_job_execution WHERE execution_status <> 'COMPLETED' GROUP BY 1`,
      )
      expect(left).toEqual([])
    })
  }, 120_000)
})

/** Ends one after the other, and begins what each end admits; answers in which order they began. */
async function runThrough(
  journal: Journal,
  running: readonly Owner[],
  check: () => Promise<void>,
): Promise<readonly string[]> {
  const order: string[] = []
  const queue = [...running]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { admitted }: { admitted: readonly Admitted[] } = await journal.finish(next, completed, 1)
    await check()
    for (const { executionId } of admitted) {
      order.push(executionId)
      queue.push(owner(await journal.admit(executionId, null)))
    }
  }
  return order
}

function owner(answer: Awaited<ReturnType<Journal['admit']>>): Owner {
  if (answer.kind === 'admitted') return answer.owner
  throw new Error(`not admitted: ${answer.reason}`)
}

interface Catalogue {
  readonly database: Database
  readonly journal: Journal
  readonly executions: ExecutionStore
  job(name: string, settings?: Partial<JobSettings>): Promise<string>
  accept(jobId: string, change?: Partial<NewExecution>): Promise<string>
  /** How many run. */
  live(): Promise<number>
  setLimit(limit: number): Promise<void>
}

async function withCatalogue(limit: number | null, run: (catalogue: Catalogue) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      const executions = executionStore(database)
      const setLimit = async (most: number) => {
        await configStore(database).update('executor.max_running_executions', String(most), null, 'ada')
      }
      if (limit !== null) await setLimit(limit)
      await run({
        database,
        journal: mysqlJournal(database),
        executions,
        job: async (name, settings = {}) =>
          (await jobStore(database, jobSecrets).save(sampleJob({ name, ...settings }))).jobId,
        accept: async (jobId, change = {}) => {
          const usual = { parameters: {}, logicalTime: new Date(), triggerType: 'MANUAL', createdBy: null } as const
          return (await executions.create({ jobId, ...usual, ...change })).executionId
        },
        live: async () => {
          const [row] = await database.query<{ live: number }>(
            `SELECT COUNT(*) AS live FROM etl_job_execution WHERE execution_status IN ('RUNNING', 'PAUSED', 'RESTARTING')`,
          )
          return Number(row?.live)
        },
        setLimit,
      })
    } finally {
      await database.close()
    }
  })
}
