import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import type { ActivityDeps } from '../../activities/deps.js'
import { discardOld } from '../../activities/discard-old.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Owner } from '../../core/execution/effects.js'
import { fenceName } from '../../core/execution/fence.js'
import type { CheckpointCommit, Journal } from '../../core/execution/journal.js'
import { defaultLimits } from '../../core/execution/limits.js'
import type { Plan } from '../../core/execution/plan.js'
import { noFailures } from '../../core/restart/strategy.js'
import type { JobSettings } from '../../core/spec/settings.js'
import { type Database, openDatabase } from '../../models/database.js'
import { type ExecutionStore, executionStore, type NewExecution } from '../../models/stores/execution-store.js'
import { type JobStore, jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { openStore } from '../../storage/open-store.js'
import type { ObjectStore } from '../../storage/store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { counted, jobSecrets, sampleJob } from '../support/sample-job.js'
import { until } from '../support/until.js'

describe('completing a checkpoint', () => {
  test('advances positions, state, counters, dead letters, events and metrics together, and plans the next epoch', async () => {
    await withCatalogue({}, async ({ journal, executions, database, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const next = await journal.completeCheckpoint(owner, commit(1, { rejected: [badRecord] }))
      expect(next).toEqual({ kind: 'plan', epoch: 2, phase: 2, notBefore: '2026-01-01T00:00:30.000Z' })

      const report = await executions.get(owner.executionId)
      expect(report).toMatchObject({
        jobName: 'delayed-flights',
        jobVersion: 1,
        status: 'RUNNING',
        records: { read: 100, sideRead: 0, processed: 100, written: 30, filtered: 70, failed: 0, late: 0 },
        epochs: 1,
        restarts: 0,
        error: null,
      })
      expect(report.operators).toContainEqual({ id: 'delayed', recordsIn: 100, recordsOut: 30, processingMs: 5 })

      const restored = (await journal.standing(owner.executionId)).restored
      expect(restored).toEqual({
        checkpointId: report.lastCheckpointId,
        epoch: 1,
        phase: 2,
        positions: commit(1).positions,
        states: commit(1).states,
        watermarks: {},
        next,
      })
      expect((await journal.standing(owner.executionId)).pending).toEqual(plan(2))
      const states = await executions.states(report.lastCheckpointId ?? '')
      expect(states).toContainEqual(
        expect.objectContaining({
          nodeId: 'flights',
          name: 'position',
          type: 'VALUE',
          value: { position: { line: 1 }, end: false },
        }),
      )
      const letters = await database.tables.deadLetter.findAll()
      expect(letters.map((letter) => letter.get())).toMatchObject([
        {
          operatorId: 'delayed',
          epoch: 1,
          originalRecord: 'x,y',
          sourcePosition: { file: 'f.csv', line: 3 },
          errorCode: 'record.bad',
          jobVersion: 1,
        },
      ])
      const events = await executions.events(owner.executionId, { limit: 50 })
      expect(events.map((event) => event.type)).toEqual(['SUBMITTED', 'STARTED', 'CHECKPOINT_COMPLETED', 'WARNING'])
      const metrics = await executions.metrics(owner.executionId, {})
      expect(metrics.job).toMatchObject([{ epoch: 1, records: { read: 100, written: 30 } }])
      const [{ rates } = { rates: { read: 0, written: 0 } }] = metrics.job
      expect(rates.read).toBeGreaterThan(0)
      expect(rates.written / rates.read).toBeCloseTo(0.3)
      expect(metrics.operators.map((operator) => operator.operatorId)).toEqual(['delayed', 'flights', 'warehouse'])
      expect(metrics.operators[0]).toMatchObject({ recordsIn: 100, subtasks: 4, skew: 2 })
    })
  })

  test('asked again gives the stored answer and counts nothing twice', async () => {
    await withCatalogue({}, async ({ journal, executions, database, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const first = await journal.completeCheckpoint(owner, commit(1, { rejected: [badRecord] }))
      const again = await journal.completeCheckpoint(
        owner,
        commit(1, { rejected: [badRecord], next: { kind: 'exhausted' }, nextPlan: null }),
      )
      expect(again).toEqual(first)
      expect((await executions.get(owner.executionId)).records.read).toBe(100)
      expect(await database.tables.deadLetter.count()).toBe(1)
      expect(await database.tables.jobMetrics.count()).toBe(1)
      expect(await database.tables.operatorState.count()).toBe(2)
    })
  })

  test('asked many times at once commits once', async () => {
    await withCatalogue({}, async ({ journal, executions, database, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const answers = await Promise.all(Array.from({ length: 8 }, () => journal.completeCheckpoint(owner, commit(1))))
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      expect((await executions.get(owner.executionId)).epochs).toBe(1)
      expect(await database.tables.jobMetrics.count()).toBe(1)
    })
  })
})

describe('a commit', () => {
  test('changes nothing at all when a part of it is refused', async () => {
    await withCatalogue({}, async ({ journal, executions, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const twice = [...commit(1).states, ...commit(1).states]
      await expect(journal.completeCheckpoint(owner, commit(1, { states: twice }))).rejects.toThrow()
      expect(await journal.standing(owner.executionId)).toMatchObject({ restored: null, pending: plan(1) })
      const shown = await executions.checkpoints(owner.executionId, { limit: 10 })
      expect(shown.items).toMatchObject([{ epoch: 1, status: 'IN_PROGRESS', next: null }])
      expect((await executions.get(owner.executionId)).records.read).toBe(0)
    })
  })

  test('leaves nothing behind when the server breaks it off for another transaction, and is done once', async () => {
    await withCatalogue({}, async ({ database, journal, executions, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const { lineageId } = (await journal.standing(owner.executionId)).record
      const committed = await database.transaction(async (transaction) => {
        // The server breaks off whichever has changed less.
        for (let letter = 0; letter < 100; letter += 1)
          await database.tables.jobMetrics.create(
            { jobId: 'other', executionId: 'other', metricTime: new Date(), restartCount: letter },
            { transaction },
          )
        const lock = { transaction, lock: transaction.LOCK.UPDATE }
        await database.tables.checkpoint.findOne({ where: { lineageId, epoch: 1 }, ...lock })
        const committing = journal.completeCheckpoint(owner, commit(1))
        await untilWaiting(database)
        await database.tables.lineage.findOne({ where: { lineageId }, ...lock })
        return { committing }
      })
      await committed.committing
      expect(await executions.get(owner.executionId)).toMatchObject({ epochs: 1, records: { read: 100 } })
      expect(await database.tables.jobMetrics.count({ where: { executionId: owner.executionId } })).toBe(1)
      const events = await executions.events(owner.executionId, { limit: 50 })
      expect(events.map((event) => event.type)).toEqual(['SUBMITTED', 'STARTED', 'CHECKPOINT_COMPLETED', 'WARNING'])
    })
  })

  test('adds up over epochs, side inputs apart', async () => {
    await withCatalogue({}, async ({ journal, executions, start }) => {
      const owner = await start()
      await journal.storePlan(owner, { ...plan(1), phase: 1 })
      const side = { airports: { ...counted(5, 5).flights!, out: 5, passed: 5 } }
      await journal.completeCheckpoint(owner, commit(1, { phase: 1, counters: side }))
      await journal.completeCheckpoint(owner, commit(2))
      await journal.completeCheckpoint(owner, commit(3))
      const { records, epochs } = await executions.get(owner.executionId)
      expect(records).toEqual({
        read: 200,
        sideRead: 5,
        processed: 200,
        written: 60,
        filtered: 140,
        failed: 0,
        late: 0,
      })
      expect(epochs).toBe(3)
    })
  })
})

describe('a plan', () => {
  test('never changes once it is stored', async () => {
    await withCatalogue({}, async ({ journal, start }) => {
      const owner = await start()
      expect(await journal.storePlan(owner, plan(1))).toEqual(plan(1))
      const other = { ...plan(1), at: '2030-01-01T00:00:00.000Z' }
      expect(await journal.storePlan(owner, other)).toEqual(plan(1))
      const raced = await Promise.all(
        [0, 1, 2, 3].map((n) => journal.storePlan(owner, { ...plan(2), at: `203${n}-01-01T00:00:00.000Z` })),
      )
      expect(new Set(raced.map((answer) => answer.at)).size).toBe(1)
      expect((await journal.standing(owner.executionId)).pending).toEqual(raced[0])
    })
  })

  test('keeps the order of its keys', async () => {
    await withCatalogue({}, async ({ journal, start }) => {
      const owner = await start()
      const sources = { zebra: source({ b: 1, a: 2 }), ant: source({ y: 1, x: '9007199254740993' }) }
      await journal.storePlan(owner, { ...plan(1), sources })
      expect(JSON.stringify((await journal.standing(owner.executionId)).pending?.sources)).toBe(JSON.stringify(sources))
    })
  })
})

describe('a stale owner', () => {
  test('of an older attempt may neither plan, commit nor restart', async () => {
    await withCatalogue({}, async ({ journal, executions, start }) => {
      const stale = await start()
      await journal.storePlan(stale, plan(1))
      const owner = await journal.storeRestart(stale, failure, restart)
      expect(owner).toEqual({ ...stale, attempt: stale.attempt + 1 })
      await expect(journal.storePlan(stale, plan(2))).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.completeCheckpoint(stale, commit(1))).rejects.toMatchObject({ code: 'fenced' })
      expect((await executions.get(stale.executionId)).epochs).toBe(0)
      await journal.completeCheckpoint(owner, commit(1))
      expect(await executions.get(stale.executionId)).toMatchObject({ epochs: 1, restarts: 1, status: 'RUNNING' })
    })
  })

  test('is fenced from the moment another owner has its lineage, though it runs on', async () => {
    await withCatalogue({}, async ({ journal, executions, database, start }) => {
      const stale = await start()
      await journal.storePlan(stale, plan(1))
      await database.execute("UPDATE etl_lineage SET owner_execution_id = 'newer', generation = generation + 1")
      await expect(journal.completeCheckpoint(stale, commit(1))).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.storePlan(stale, plan(2))).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.storeRestart(stale, failure, restart)).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.finish(stale, { status: 'COMPLETED', error: null }, 1)).rejects.toMatchObject({
        code: 'fenced',
      })
      expect(await executions.get(stale.executionId)).toMatchObject({ status: 'RUNNING', epochs: 0 })
    })
  })

  test('gets the attempt that its first restart raised, and no second one', async () => {
    await withCatalogue({}, async ({ journal, start }) => {
      const owner = await start()
      const once = await journal.storeRestart(owner, failure, restart)
      expect(await journal.storeRestart(owner, failure, restart)).toEqual(once)
      expect((await journal.standing(owner.executionId)).record).toMatchObject({ attempt: 1, status: 'RESTARTING' })
    })
  })

  test('of an older generation is fenced when its lineage goes on in another execution', async () => {
    await withCatalogue({}, async ({ journal, executions, job, accept, start }) => {
      const old = await start()
      await journal.storePlan(old, plan(1))
      await journal.completeCheckpoint(old, commit(1))
      await journal.finish(old, { status: 'FAILED', error: reported }, 1)
      const { executionId } = await accept({ restartOf: old.executionId, triggerType: 'RESTART' })
      const owner = admitted(await journal.admit(executionId, null))
      expect(owner.generation).toBe(old.generation + 1)
      await expect(journal.completeCheckpoint(old, commit(2))).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.storePlan(old, plan(2))).rejects.toMatchObject({ code: 'fenced' })

      expect((await journal.standing(executionId)).restored?.epoch).toBe(1)
      expect((await journal.standing(executionId)).pending).toEqual(plan(2))
      const planned = await executions.checkpoints(old.executionId, { limit: 1 })
      expect(planned.items).toMatchObject([{ epoch: 2, status: 'IN_PROGRESS' }])
      await journal.completeCheckpoint(owner, commit(2, { next: { kind: 'exhausted' }, nextPlan: null }))
      await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)
      expect((await executions.get(executionId)).status).toBe('COMPLETED')
      expect((await executions.list({ jobId: job.jobId })).items.map((item) => item.status)).toEqual([
        'COMPLETED',
        'FAILED',
      ])
    })
  })
})

describe('an epoch that drains', () => {
  test('ends its lineage, whatever becomes of the execution after it', async () => {
    await withCatalogue({}, async ({ journal, accept, start }) => {
      const owner = await start()
      await journal.storePlan(owner, { ...plan(1), end: true, drains: true })
      await journal.completeCheckpoint(owner, commit(1, { next: { kind: 'exhausted' }, nextPlan: null }))
      await journal.finish(owner, { status: 'CANCELLED', error: null }, 1)
      const again = accept({ restartOf: owner.executionId, triggerType: 'RESTART' })
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
    })
  })
})

describe('admission', () => {
  test('of the same execution again gives the same generation', async () => {
    await withCatalogue({}, async ({ journal, accept }) => {
      const { executionId } = await accept()
      const first = await journal.admit(executionId, { workflowId: 'w', runId: 'r1' })
      expect(await journal.admit(executionId, { workflowId: 'w', runId: 'r2' })).toEqual(first)
      expect(admitted(first)).toEqual({ executionId, generation: 1, attempt: 0 })
    })
  })

  test('counts a set: as many run as may, the others wait, and larger priority goes first', async () => {
    await withCatalogue({ maxConcurrentRuns: 2 }, async ({ journal, executions, jobs, job, accept }) => {
      const accepted: string[] = []
      for (const priority of [0, 0, 0, 5, 1]) accepted.push((await accept({ priority })).executionId)
      const answers = await Promise.all(accepted.map((id) => journal.admit(id, null)))
      expect(answers.filter((answer) => answer.kind === 'admitted')).toHaveLength(2)
      const running = answers.flatMap((answer) => (answer.kind === 'admitted' ? [answer.owner] : []))
      const waiting = accepted.filter((id) => !running.some((owner) => owner.executionId === id))
      const order: string[] = []
      const queue = [...running]
      for (let owner = queue.shift(); owner !== undefined; owner = queue.shift()) {
        const { admitted: next } = await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)
        for (const { executionId: id } of next) {
          if (order.includes(id)) continue
          order.push(id)
          queue.push(admitted(await journal.admit(id, null)))
        }
        const live = (await executions.list({ jobId: job.jobId, status: 'RUNNING' })).items.length
        expect(live).toBeLessThanOrEqual(2)
      }
      expect([...order].sort()).toEqual([...waiting].sort())
      const priority = (id: string) => [0, 0, 0, 5, 1][accepted.indexOf(id)] ?? 0
      expect(order.map(priority)).toEqual(order.map(priority).sort((a, b) => b - a))
      expect((await jobs.get(job.jobId)).status).toBe('COMPLETED')
    })
  })

  test('never leaks: after any ending, room is there again', async () => {
    await withCatalogue({}, async ({ journal, accept }) => {
      for (const ending of ['COMPLETED', 'FAILED', 'CANCELLED'] as const) {
        const { executionId } = await accept()
        const owner = admitted(await journal.admit(executionId, null))
        await journal.finish(owner, { status: ending, error: ending === 'FAILED' ? reported : null }, 1)
        await journal.finish(owner, { status: ending, error: null }, 1)
      }
      const { executionId } = await accept()
      expect((await journal.admit(executionId, null)).kind).toBe('admitted')
    })
  })

  test('tells again who was admitted and has not begun, in case it was not heard', async () => {
    await withCatalogue({}, async ({ journal, accept, executions, job }) => {
      const first = await accept()
      const owner = admitted(await journal.admit(first.executionId, null))
      const { executionId } = await accept()
      expect(await journal.admit(executionId, null)).toMatchObject({
        kind: 'waiting',
        reason: expect.stringContaining('1 of 1'),
      })
      expect(await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)).toMatchObject({
        admitted: [{ jobId: job.jobId, executionId, workflowId: null }],
      })
      expect(await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)).toMatchObject({
        admitted: [{ jobId: job.jobId, executionId, workflowId: null }],
      })
      expect(await executions.admitWaiting([job.jobId])).toMatchObject([{ executionId }])
      await journal.admit(executionId, null)
      expect(await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)).toMatchObject({ admitted: [] })
    })
  })

  test('turns away what was cancelled while it waited, and the next one is admitted', async () => {
    await withCatalogue({}, async ({ journal, accept, executions }) => {
      const running = admitted(await journal.admit((await accept()).executionId, null))
      const cancelled = await accept()
      await journal.admit(cancelled.executionId, { workflowId: 'w', runId: 'r' })
      const last = await accept()
      await journal.admit(last.executionId, null)
      expect(await executions.setCancelRequested(cancelled.executionId, 'ada')).toEqual({
        status: 'WAITING',
        workflowId: 'w',
      })
      expect(await journal.finish(running, { status: 'COMPLETED', error: null }, 1)).toMatchObject({
        admitted: [{ executionId: last.executionId }],
      })
      await expect(journal.admit(cancelled.executionId, null)).rejects.toMatchObject({ code: 'cancelled' })
      await journal.finish(
        { executionId: cancelled.executionId, generation: 0, attempt: 0 },
        { status: 'CANCELLED', error: null },
        1,
      )
      expect((await executions.get(cancelled.executionId)).status).toBe('CANCELLED')
    })
  })

  test('lets one of two executions of a lineage advance it', async () => {
    await withCatalogue({ maxConcurrentRuns: 5, positions: 'CONTINUE' }, async ({ journal, accept }) => {
      const [one, two] = [await accept(), await accept()]
      expect(one.lineageId).toBe(two.lineageId)
      const answers = await Promise.all([one, two].map(({ executionId }) => journal.admit(executionId, null)))
      expect(answers.map((answer) => answer.kind).sort()).toEqual(['admitted', 'waiting'])
      const owner = admitted(answers.find((answer) => answer.kind === 'admitted')!)
      const other = [one, two].find(({ executionId }) => executionId !== owner.executionId)!
      const impostor = { ...owner, executionId: other.executionId }
      await expect(journal.storePlan(impostor, plan(1))).rejects.toMatchObject({ code: 'fenced' })
      await journal.storePlan(owner, plan(1))
    })
  })
})

describe('positions: CONTINUE', () => {
  test('goes on from the positions of a completed run, with operators empty and side inputs anew', async () => {
    await withCatalogue({ positions: 'CONTINUE' }, async ({ journal, start }) => {
      const first = await start()
      await journal.storePlan(first, plan(1))
      const positions = { ...commit(1).positions, airports: { ...commit(1).positions.flights!, end: true } }
      await journal.completeCheckpoint(first, commit(1, { positions, next: { kind: 'exhausted' }, nextPlan: null }))
      await journal.finish(first, { status: 'COMPLETED', error: null }, 1)
      const second = await start()
      expect((await journal.standing(second.executionId)).restored).toMatchObject({
        epoch: 1,
        phase: 1,
        states: [],
        next: { kind: 'unplanned' },
      })
      expect((await journal.standing(second.executionId)).restored?.positions).toEqual(commit(1).positions)
      await journal.storePlan(second, plan(2))
      await journal.completeCheckpoint(second, commit(2))
      expect((await journal.standing(second.executionId)).restored?.states).toEqual(commit(2).states)
    })
  })

  test('restarts a run that failed, with its parameters and logical time', async () => {
    await withCatalogue({ positions: 'CONTINUE' }, async ({ journal, start, accept }) => {
      const first = await start({ parameters: { day: '2026-01-01' }, logicalTime: new Date('2026-01-01T00:00:00Z') })
      await journal.storePlan(first, plan(1))
      await journal.completeCheckpoint(first, commit(1))
      const { executionId } = await accept({
        parameters: { day: '2026-01-02' },
        logicalTime: new Date('2026-01-02T00:00:00Z'),
      })
      await journal.admit(executionId, null)
      await journal.finish(first, { status: 'FAILED', error: reported }, 1)
      await journal.admit(executionId, null)
      expect((await journal.standing(executionId)).record).toMatchObject({
        parameters: { day: '2026-01-01' },
        logicalTime: '2026-01-01T00:00:00.000Z',
      })
      expect((await journal.standing(executionId)).restored?.states).toEqual(commit(1).states)
    })
  })

  test('restarts a run that failed before its first epoch as that run would have begun', async () => {
    await withCatalogue({ positions: 'CONTINUE' }, async ({ journal, start }) => {
      const first = await start()
      await journal.storePlan(first, plan(1))
      await journal.completeCheckpoint(first, commit(1, { next: { kind: 'exhausted' }, nextPlan: null }))
      await journal.finish(first, { status: 'COMPLETED', error: null }, 1)
      const second = await start()
      await journal.finish(second, { status: 'FAILED', error: reported }, 1)
      const third = await start()
      expect((await journal.standing(third.executionId)).restored).toMatchObject({
        epoch: 1,
        phase: 1,
        states: [],
        next: { kind: 'unplanned' },
      })
    })
  })

  test('does not go on in the lineage of a fork, though that was restarted', async () => {
    await withCatalogue({ positions: 'CONTINUE' }, async ({ journal, executions, start, accept }) => {
      const first = await start()
      await journal.storePlan(first, plan(1))
      await journal.completeCheckpoint(first, commit(1))
      await journal.finish(first, { status: 'COMPLETED', error: null }, 1)
      const { lastCheckpointId } = await executions.get(first.executionId)
      const fork = await start({ forkOf: lastCheckpointId ?? '', triggerType: 'FORK' })
      await journal.finish(fork, { status: 'FAILED', error: reported }, 1)
      const again = await accept({ restartOf: fork.executionId })
      const restarted = admitted(await journal.admit(again.executionId, null))
      expect((await journal.standing(again.executionId)).restored).toMatchObject({ epoch: 1, states: commit(1).states })
      await journal.finish(restarted, { status: 'FAILED', error: reported }, 1)
      const { lineageId } = (await journal.standing(first.executionId)).record
      expect((await accept()).lineageId).toBe(lineageId)
    })
  })
})

describe('an execution', () => {
  test('shows progress while an epoch runs, which its commit replaces', async () => {
    await withCatalogue({}, async ({ journal, executions, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      await journal.progress(owner.executionId, 'flights/0', counted(40, 10))
      expect((await executions.get(owner.executionId)).records).toMatchObject({ read: 40, written: 10 })
      await journal.completeCheckpoint(owner, commit(1))
      expect((await executions.get(owner.executionId)).records).toMatchObject({ read: 100, written: 30 })
    })
  })

  test('ends once: with its duration, its error and the job status, and the fact that starts dependants', async () => {
    await withCatalogue({}, async ({ journal, executions, jobs, job, database, start }) => {
      const owner = await start()
      expect((await jobs.get(job.jobId)).status).toBe('RUNNING')
      await journal.finish(owner, { status: 'FAILED', error: reported }, 1)
      await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)
      const report = await executions.get(owner.executionId)
      expect(report).toMatchObject({ status: 'FAILED', error: reported })
      expect(report.endedAt).not.toBeNull()
      expect((await jobs.get(job.jobId)).status).toBe('FAILED')
      const facts = await database.tables.triggerEvent.findAll()
      expect(facts.map((fact) => fact.get())).toMatchObject([
        { eventId: owner.executionId, sourceStatus: 'FAILED', sourceJobId: job.jobId },
      ])
      await expect(journal.storePlan(owner, plan(1))).rejects.toMatchObject({ code: 'fenced' })
      await expect(journal.setStatus(owner, 'RUNNING', null)).rejects.toMatchObject({ code: 'conflict' })
    })
  })

  test('that is prepared again in its first generation stands where it stood', async () => {
    await withCatalogue({}, async ({ journal, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      await journal.completeCheckpoint(owner, commit(1))
      const again = await journal.admit(owner.executionId, null)
      expect(again).toMatchObject({ owner, standing: { restored: { epoch: 1 }, pending: plan(2) } })
    })
  })

  test('stopped by a person is COMPLETED, says so, and starts nothing that waits for its end', async () => {
    await withCatalogue({}, async ({ journal, executions, database, start }) => {
      const owner = await start()
      await journal.setStatus(owner, 'PAUSED', null)
      await journal.setStatus(owner, 'PAUSED', null)
      const older = { ...owner, generation: owner.generation - 1 }
      await expect(journal.setStatus(older, 'RUNNING', null)).rejects.toMatchObject({ code: 'fenced' })
      await journal.setStatus(owner, 'RUNNING', null)
      await journal.finish(owner, { status: 'COMPLETED', error: null, isStopped: true }, 1)
      await journal.finish(owner, { status: 'COMPLETED', error: null, isStopped: true }, 1)
      expect(await database.tables.triggerEvent.count()).toBe(0)
      expect(await executions.get(owner.executionId)).toMatchObject({ status: 'COMPLETED', error: null })
      const events = await executions.events(owner.executionId, { limit: 50 })
      expect(events.map(({ type }) => type)).toEqual(['SUBMITTED', 'STARTED', 'PAUSED', 'RESUMED', 'COMPLETED'])
      expect(events.at(-1)).toMatchObject({ message: expect.stringContaining('stopped'), details: { isStopped: true } })
    })
  })

  test('forks from a checkpoint into a lineage of its own', async () => {
    await withCatalogue({}, async ({ journal, executions, start, accept }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      await journal.completeCheckpoint(owner, commit(1))
      await journal.finish(owner, { status: 'CANCELLED', error: null }, 1)
      const { lastCheckpointId } = await executions.get(owner.executionId)
      const fork = await accept({ forkOf: lastCheckpointId ?? '', triggerType: 'FORK' })
      const forked = admitted(await journal.admit(fork.executionId, null))
      expect(forked.generation).toBe(1)
      expect((await journal.standing(fork.executionId)).restored).toMatchObject({ epoch: 1, states: commit(1).states })
      expect((await journal.standing(fork.executionId)).pending).toBeNull()
    })
  })
})

describe('checkpoints beyond those retained', () => {
  const stateOf = (epoch: number) =>
    `lineage/l/state/v/0/${fenceName({ generation: 1, attempt: 0, epoch, activityAttempt: 1 })}/s.parquet`
  const commitWith = (epoch: number) =>
    commit(epoch, { states: commit(epoch).states.map((state) => ({ ...state, path: stateOf(epoch) })) })

  test('give up their state and are marked; forks keep theirs, and nothing can start from what is gone', async () => {
    await withCatalogue({}, async ({ journal, executions, start, accept }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      const ids: string[] = []
      for (const epoch of [1, 2, 3, 4, 5]) {
        await journal.completeCheckpoint(owner, commitWith(epoch))
        ids.push((await executions.get(owner.executionId)).lastCheckpointId ?? '')
      }
      await accept({ forkOf: ids[0] ?? '', triggerType: 'FORK' })
      const needed = await journal.retain?.(owner.executionId, 2)
      expect(needed).toEqual({ named: new Set([stateOf(1), stateOf(4), stateOf(5)]), before: 4 })
      expect(await journal.retain?.(owner.executionId, 2)).toEqual(needed)

      const shown = await executions.checkpoints(owner.executionId, { limit: 10, order: 'OLDEST' })
      expect(shown.items.map((one) => one.stateDiscarded)).toEqual([false, true, true, false, false, false])
      expect(await executions.states(ids[1] ?? '')).toEqual([])
      await expect(accept({ forkOf: ids[1] ?? '', triggerType: 'FORK' })).rejects.toMatchObject({ code: 'conflict' })
      expect((await journal.standing(owner.executionId)).restored).toMatchObject({
        epoch: 5,
        states: commitWith(5).states,
      })
      expect((await journal.standing(owner.executionId)).pending).toEqual(plan(6))
    })
  })

  test('leave savepoints alone, which hold what the newest complete epoch left, once', async () => {
    await withCatalogue({}, async ({ journal, executions, start, accept }) => {
      const owner = await start()
      expect(await journal.takeSavepoint(owner, null)).toBeNull()
      await journal.storePlan(owner, plan(1))
      await journal.completeCheckpoint(owner, commitWith(1))
      const kept = (await journal.takeSavepoint(owner, null)) ?? ''
      expect(await journal.takeSavepoint(owner, null)).toBe(kept)
      for (const epoch of [2, 3]) await journal.completeCheckpoint(owner, commitWith(epoch))
      expect(await journal.retain?.(owner.executionId, 1)).toEqual({
        named: new Set([stateOf(1), stateOf(3)]),
        before: 3,
      })
      expect(await executions.checkpoint(kept)).toMatchObject({ epoch: 1, type: 'SAVEPOINT', stateDiscarded: false })
      expect(await executions.states(kept)).toHaveLength(2)
      // Neither is where the lineage stands, nor what a fork may not start from.
      expect((await journal.standing(owner.executionId)).restored).toMatchObject({ epoch: 3 })
      await expect(journal.takeSavepoint({ ...owner, attempt: 9 }, null)).rejects.toMatchObject({ code: 'fenced' })
      await journal.finish(owner, { status: 'COMPLETED', error: null, isStopped: true }, 1)
      const fork = await accept({ forkOf: kept, triggerType: 'FORK' })
      admitted(await journal.admit(fork.executionId, null))
      expect((await journal.standing(fork.executionId)).restored).toMatchObject({ epoch: 1 })
    })
  })

  test('are named at the end, until a newer execution has the lineage', async () => {
    await withCatalogue({ positions: 'CONTINUE' }, async ({ journal, start }) => {
      const owner = await start()
      await journal.storePlan(owner, plan(1))
      await journal.completeCheckpoint(owner, commitWith(1))
      await journal.completeCheckpoint(owner, commitWith(2))
      const { needed } = await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)
      expect(needed).toEqual({ named: new Set([stateOf(2)]), before: 3 })
      expect((await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)).needed).toEqual(needed)
      await start()
      expect((await journal.finish(owner, { status: 'COMPLETED', error: null }, 1)).needed).toBeNull()
    })
  })

  test('leave their files to the next time where a kill came between the commit and the deletion', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-retain-'))
    try {
      await withCatalogue({}, async ({ journal, start }) => {
        const owner = await start()
        const store = openStore(pathToFileURL(folder).href)
        await journal.storePlan(owner, plan(1))
        for (const epoch of [1, 2, 3, 4]) {
          await store.putText(stateOf(epoch), 'state')
          await journal.completeCheckpoint(owner, commitWith(epoch))
        }
        const discard = (removing: ObjectStore, warn: ActivityDeps['warn']) =>
          discardOld(
            {
              journal,
              parts: { store: removing } as ActivityDeps['parts'],
              heartbeatTimeoutMs: 1,
              now: Date.now,
              jitter: () => 0,
              signalAdmitted: async () => undefined,
              limits: async () => ({ ...defaultLimits, graceMs: -1000 }),
              ...(warn === undefined ? {} : { warn }),
            },
            { executionId: owner.executionId, lineageId: 'l', retained: 1 },
          )
        const files = async () => {
          const keys: string[] = []
          for await (const { key } of store.list('lineage/')) keys.push(key)
          return keys
        }
        const warned: string[] = []
        const failing = { ...store, remove: () => Promise.reject(new JobError('storage.failed', 'It is away.')) }
        await discard(failing, (_details, message) => warned.push(message))
        expect(warned).toHaveLength(1)
        expect(await files()).toHaveLength(4)
        expect((await journal.standing(owner.executionId)).restored).toMatchObject({
          epoch: 4,
          states: commitWith(4).states,
        })
        await discard(store, undefined)
        expect(await files()).toEqual([stateOf(4)])
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

interface Catalogue {
  readonly database: Database
  readonly journal: Journal
  readonly jobs: JobStore
  readonly executions: ExecutionStore
  readonly job: { readonly jobId: string }
  accept(change?: Partial<NewExecution>): ReturnType<ExecutionStore['create']>
  /** Accepted and admitted. */
  start(change?: Partial<NewExecution>): Promise<Owner>
}

async function withCatalogue(
  settings: Partial<JobSettings>,
  run: (catalogue: Catalogue) => Promise<void>,
): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      const [journal, jobs, executions] = [
        mysqlJournal(database),
        jobStore(database, jobSecrets),
        executionStore(database),
      ]
      const job = await jobs.save(sampleJob(settings))
      const usual = {
        jobId: job.jobId,
        parameters: {},
        logicalTime: new Date('2026-01-01T00:00:00Z'),
        triggerType: 'MANUAL',
        createdBy: null,
      } as const
      const accept: Catalogue['accept'] = (change = {}) => executions.create({ ...usual, ...change })
      const start: Catalogue['start'] = async (change) =>
        admitted(await journal.admit((await accept(change)).executionId, null))
      await run({ database, journal, jobs, executions, job, accept, start })
    } finally {
      await database.close()
    }
  })
}

/** Until some transaction waits for a lock of another. */
async function untilWaiting(database: Database): Promise<void> {
  await until('a transaction waits', async () => {
    const rows = await database.query<{ waiting: number }>(
      "SELECT COUNT(*) AS waiting FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    )
    return Number(rows[0]?.waiting) > 0 ? true : null
  })
}

describe('a pending plan that is to be dropped', () => {
  test('is dropped once, its number stays used, and nobody commits it any more', async () => {
    await withCatalogue({}, async ({ journal, executions, start }) => {
      const before = await start()
      await journal.storePlan(before, plan(1))
      const owner = await journal.raiseAttempt(before)
      expect(await journal.raiseAttempt(before)).toEqual(owner)
      expect([await journal.settlePlan(owner, 1, false), await journal.settlePlan(owner, 1, true)]).toEqual([
        true,
        true,
      ])
      expect(await journal.standing(owner.executionId)).toMatchObject({ pending: null, restored: null, used: 1 })
      for (const who of [before, owner])
        await expect(journal.completeCheckpoint(who, commit(1))).rejects.toMatchObject({ code: 'fenced' })
      await journal.storePlan(owner, plan(2))
      await journal.completeCheckpoint(owner, commit(2, { next: { kind: 'idle' }, nextPlan: null }))
      expect(await journal.standing(owner.executionId)).toMatchObject({ restored: { epoch: 2 }, used: 2 })
      const { items } = await executions.checkpoints(owner.executionId, { limit: 10 })
      expect(items.map(({ epoch, status }) => `${epoch} ${status}`)).toEqual(['2 COMPLETED', '1 DROPPED'])
    })
  })

  test('stays where a sink shows it, and a late one that was asked before cannot drop what is at work since', async () => {
    await withCatalogue({}, async ({ journal, start }) => {
      const before = await start()
      await journal.storePlan(before, plan(1))
      const owner = await journal.raiseAttempt(before)
      expect(await journal.settlePlan(owner, 1, true)).toBe(false)
      expect(await journal.settlePlan(owner, 1, false)).toBe(false)
      await expect(journal.settlePlan(before, 1, false)).rejects.toMatchObject({ code: 'fenced' })
      await journal.completeCheckpoint(owner, commit(1))
      expect(await journal.settlePlan(owner, 1, false)).toBe(false)
    })
  })
})

function admitted(answer: Awaited<ReturnType<Journal['admit']>>): Owner {
  if (answer.kind === 'admitted') return answer.owner
  throw new Error(`not admitted: ${answer.reason}`)
}

function source(position: object) {
  return { splits: [[position]], to: position, end: false, budget: { records: 100, bytes: 1000 } }
}

function plan(epoch: number): Plan {
  return { epoch, phase: 2, at: '2026-01-01T00:00:00.000Z', sources: { flights: source({ line: epoch }) }, end: false }
}

function commit(epoch: number, change: Partial<CheckpointCommit> = {}): CheckpointCommit {
  const lastBudget = { records: 100, bytes: 1000 }
  return {
    epoch,
    jobVersion: 1,
    phase: 2,
    positions: {
      flights: { position: { line: epoch }, end: false, lastRecords: 100, lastDurationMs: 2000, lastBudget },
    },
    states: [
      {
        nodeId: 'delayed',
        subtask: 0,
        name: 'build',
        type: 'LIST',
        path: `state/${epoch}.parquet`,
        sizeBytes: 10,
        records: 5,
      },
    ],
    counters: counted(100, 30),
    shares: { delayed: { subtasks: 4, busiest: 50 } },
    rejected: [],
    durationMs: 2000,
    stateSizeBytes: 10,
    path: 'file:///store',
    next: { kind: 'plan', epoch: epoch + 1, phase: 2, notBefore: '2026-01-01T00:00:30.000Z' },
    nextPlan: plan(epoch + 1),
    events: [{ type: 'WARNING', level: 'WARNING', message: 'a warning' }],
    ...change,
  }
}

const badRecord = {
  nodeId: 'delayed',
  original: 'x,y',
  place: { file: 'f.csv', line: 3 },
  code: 'record.bad',
  message: 'y is no number',
}
const reported = {
  code: 'source.unreadable',
  message: 'It could not be read.',
  nodeId: 'flights',
  hint: null,
  retryable: true,
}
const failure = { error: reported, epoch: 1, vertexId: 'flights', atMs: 0 }
const restart = {
  decision: 'RESTART',
  delayMs: 10,
  reason: 'Restart 1 of 3.',
  memory: { ...noFailures, restarts: 1 },
} as const
