import { describe, expect, test } from '@jest/globals'
import type { ReportedError } from '../../core/errors/job-error.js'
import type { Owner } from '../../core/execution/effects.js'
import type { Journal } from '../../core/execution/journal.js'
import type { JobSettings } from '../../core/spec/settings.js'
import { type Database, openDatabase } from '../../models/database.js'
import { type ExecutionStore, executionStore, type NewExecution } from '../../models/stores/execution-store.js'
import { type JobStore, jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { type TriggerStore, triggerStore } from '../../models/stores/trigger-store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'
import { unfailed } from '../support/untold.js'

const away: ReportedError = {
  code: 'connection.refused',
  message: 'It is away.',
  nodeId: null,
  hint: null,
  retryable: true,
}
const failed = { status: 'FAILED', error: away } as const
const inAMinute = () => new Date(Date.now() + 60_000)

describe('a retry of a whole execution', () => {
  test('comes after its delay, goes on in the lineage with the same parameters and logical time, and no more than max', async () => {
    await withCatalogue({ retry: { max: 2, delayMs: 30_000 } }, async (at) => {
      const { journal, triggers, executions, start, job } = at
      const logicalTime = new Date('2026-01-01T00:00:00Z')
      const first = await start({ parameters: { day: '2026-01-01' }, logicalTime, triggerType: 'CRON', priority: 7 })
      await journal.finish(first, failed, 1)
      expect((await executions.get(first.executionId)).retryAt).not.toBeNull()
      expect(await triggers.startDueRetries(new Date(), unfailed)).toEqual([])
      const [one, two] = await Promise.all([1, 2].map(() => triggers.startDueRetries(inAMinute(), unfailed)))
      const [retry, ...more] = [...one!, ...two!]
      expect(more).toEqual([])
      expect(retry).toMatchObject({ jobId: job.jobId, triggerType: 'RETRY', isToStart: true })
      const second = await executions.get(retry!.executionId!)
      expect(second).toMatchObject({
        parameters: { day: '2026-01-01' },
        logicalTime: logicalTime.toISOString(),
        lineageId: (await executions.get(first.executionId)).lineageId,
        restoredFrom: { executionId: first.executionId },
        priority: 7,
      })
      await journal.finish(owner(await journal.admit(second.executionId, null)), failed, 1)
      const [last] = await triggers.startDueRetries(inAMinute(), unfailed)
      await journal.finish(owner(await journal.admit(last!.executionId!, null)), failed, 1)
      expect((await executions.get(last!.executionId!)).retryAt).toBeNull()
      expect(await triggers.startDueRetries(inAMinute(), unfailed)).toEqual([])
      expect(await typesOf(executions, first.executionId)).toEqual([
        'SUBMITTED',
        'STARTED',
        'FAILED',
        'RETRY_PLANNED',
        'RETRIED',
      ])
      expect((await executions.events(last!.executionId!, { limit: 1 }))[0]!.message).toMatch(/^Accepted: retry/)
      // What depends on it hears of the last one only, of the same time of the calendar.
      expect((await triggers.list(page)).items).toMatchObject([
        { source: { executionId: last!.executionId, status: 'FAILED' }, isScheduledTime: true },
      ])
    })
  })

  test('is for what may pass: not after a wrong setting, a cancel, or what completed', async () => {
    await withCatalogue({ retry: { max: 2, delayMs: 0 } }, async ({ journal, triggers, start }) => {
      await journal.finish(await start(), { status: 'FAILED', error: { ...away, code: 'config.invalid' } }, 1)
      await journal.finish(await start(), { status: 'CANCELLED', error: null }, 1)
      await journal.finish(await start(), { status: 'COMPLETED', error: null }, 1)
      expect(await triggers.startDueRetries(inAMinute(), unfailed)).toEqual([])
      expect((await triggers.list(page)).items).toHaveLength(3)
    })
  })

  test('can be cancelled; then what depends on it is told', async () => {
    await withCatalogue({ retry: { max: 2, delayMs: 0 } }, async ({ journal, triggers, executions, start }) => {
      const { executionId, ...rest } = await start()
      await journal.finish({ executionId, ...rest }, failed, 1)
      expect((await triggers.list(page)).items).toEqual([])
      expect(await executions.cancellable({})).toMatchObject([{ executionId, status: 'FAILED' }])
      expect(await executions.setCancelRequested(executionId, 'ada')).toMatchObject({ status: 'FAILED' })
      await expect(executions.setCancelRequested(executionId, 'ada')).rejects.toMatchObject({ code: 'conflict' })
      expect(await triggers.startDueRetries(inAMinute(), unfailed)).toEqual([])
      expect((await triggers.list(page)).items).toMatchObject([{ source: { executionId, status: 'FAILED' } }])
      expect(await typesOf(executions, executionId)).toContain('RETRY_DROPPED')
    })
  })

  test('is dropped, visibly, where somebody has restarted it by hand', async () => {
    await withCatalogue({ retry: { max: 2, delayMs: 0 } }, async ({ journal, triggers, executions, start }) => {
      const before = await start()
      await journal.finish(before, failed, 1)
      const byHand = await start({ restartOf: before.executionId, triggerType: 'RESTART' })
      await journal.finish(byHand, { status: 'COMPLETED', error: null }, 1)
      expect(await triggers.startDueRetries(inAMinute(), unfailed)).toEqual([])
      expect(await typesOf(executions, before.executionId)).toContain('RETRY_DROPPED')
      expect((await triggers.list(page)).items).toMatchObject([{ source: { executionId: byHand.executionId } }])
    })
  })
})

describe('an execution that should have ended by now', () => {
  test('says so once, whether it runs or waits, and however many look', async () => {
    await withCatalogue({ slaMs: 1000 }, async ({ journal, triggers, executions, start, accept }) => {
      const running = await start()
      const waiting = await accept()
      await journal.admit(waiting, null)
      expect(await triggers.tellMissedSlas(new Date(Date.now() - 60_000), unfailed)).toBe(0)
      const told = await Promise.all([1, 2, 3].map(() => triggers.tellMissedSlas(inAMinute(), unfailed)))
      expect(told.reduce((a, b) => a + b)).toBe(2)
      await journal.finish(running, { status: 'COMPLETED', error: null }, 1)
      for (const executionId of [running.executionId, waiting])
        expect((await typesOf(executions, executionId)).filter((type) => type === 'SLA_MISSED')).toHaveLength(1)
      const events = await executions.events(waiting, { limit: 50 })
      expect(events.find(({ type }) => type === 'SLA_MISSED')?.message).toMatch(/waits still/)
    })
  })

  test('that is tried again keeps its deadline', async () => {
    const settings = { slaMs: 30_000, retry: { max: 1, delayMs: 0 } }
    await withCatalogue(settings, async ({ journal, triggers, executions, start }) => {
      const first = await start()
      await journal.finish(first, failed, 1)
      const [retry] = await triggers.startDueRetries(inAMinute(), unfailed)
      expect(await triggers.tellMissedSlas(inAMinute(), unfailed)).toBe(1)
      expect(await typesOf(executions, retry!.executionId!)).toContain('SLA_MISSED')
    })
  })

  test('says so at its end where nobody had looked, and a retry keeps the deadline of the first', async () => {
    const settings = { slaMs: 1, retry: { max: 1, delayMs: 0 } }
    await withCatalogue(settings, async ({ journal, triggers, executions, start, database }) => {
      const first = await start()
      await new Promise((resolve) => setTimeout(resolve, 20))
      await journal.finish(first, failed, 1)
      expect(await typesOf(executions, first.executionId)).toContain('SLA_MISSED')
      const [retry] = await triggers.startDueRetries(inAMinute(), unfailed)
      const row = await database.tables.jobExecution.findOne({ where: { executionId: retry!.executionId! } })
      expect(row?.get().slaDueTime).toBeNull()
      expect(await triggers.tellMissedSlas(inAMinute(), unfailed)).toBe(0)
    })
  })
})

const page = { limit: 50, cursor: undefined, sort: '-createdAt' } as never

async function typesOf(executions: ExecutionStore, executionId: string): Promise<readonly string[]> {
  return (await executions.events(executionId, { limit: 50 })).map(({ type }) => type)
}

function owner(answer: Awaited<ReturnType<Journal['admit']>>): Owner {
  if (answer.kind === 'admitted') return answer.owner
  throw new Error(`not admitted: ${answer.reason}`)
}

interface Catalogue {
  readonly database: Database
  readonly journal: Journal
  readonly executions: ExecutionStore
  readonly triggers: TriggerStore
  readonly jobs: JobStore
  readonly job: { readonly jobId: string }
  accept(change?: Partial<NewExecution>): Promise<string>
  start(change?: Partial<NewExecution>): Promise<Owner>
}

async function withCatalogue(settings: Partial<JobSettings>, run: (at: Catalogue) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      const [journal, jobs] = [mysqlJournal(database), jobStore(database, jobSecrets)]
      const [executions, triggers] = [executionStore(database), triggerStore(database)]
      const job = await jobs.save(sampleJob(settings))
      const usual = { jobId: job.jobId, parameters: {}, logicalTime: new Date(), triggerType: 'MANUAL' } as const
      const accept: Catalogue['accept'] = async (change = {}) =>
        (await executions.create({ ...usual, createdBy: null, ...change })).executionId
      const start: Catalogue['start'] = async (change) => owner(await journal.admit(await accept(change), null))
      await run({ database, journal, executions, triggers, jobs, job, accept, start })
    } finally {
      await database.close()
    }
  })
}
