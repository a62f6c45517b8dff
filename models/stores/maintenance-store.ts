/** Runs of the maintenance: one at a time, each with what it did. */
import { randomUUID } from 'node:crypto'
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { MaintenanceWish, RunStatus, TaskReport } from '../../core/maintenance/report.js'
import type { Database } from '../database.js'
import { isDuplicate } from '../database-error.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { MaintenanceRunRow } from '../tables/system.js'

export interface MaintenanceRun {
  readonly runId: string
  readonly status: RunStatus
  readonly trigger: 'SCHEDULE' | 'MANUAL'
  readonly dryRun: boolean
  readonly only: readonly string[] | null
  readonly tasks: readonly TaskReport[]
  readonly startedAt: string
  readonly endedAt: string | null
}

export interface NewRun extends MaintenanceWish {
  /** Absent: a new one. */
  readonly runId?: string
  readonly trigger: 'SCHEDULE' | 'MANUAL'
  readonly startedBy: string | null
}

export type MaintenanceStore = ReturnType<typeof maintenanceStore>

/** Heard of every few seconds while it lives. */
const GIVEN_UP_MS = 2 * 60_000

export function maintenanceStore(database: Database) {
  const { maintenanceRun } = database.tables
  const find = async (runId: string): Promise<MaintenanceRun> => {
    const row = await maintenanceRun.findOne({ where: { runId } })
    if (row === null) throw new JobError('not.found', `There is no run ${runId} of the maintenance`)
    return recordOf(row.get())
  }
  return {
    find,
    /** Throws `conflict` while another one is at work. */
    async begin({ runId = randomUUID(), trigger, dryRun, only, startedBy }: NewRun): Promise<string> {
      const now = new Date()
      await maintenanceRun.update(
        { isRunning: null, runStatus: 'FAILED', endTime: now },
        { where: { isRunning: true, heardTime: { [Op.lt]: new Date(now.getTime() - GIVEN_UP_MS) } } },
      )
      try {
        await maintenanceRun.create({
          runId,
          triggerType: trigger,
          isDryRun: dryRun,
          wish: only,
          report: [],
          startedBy,
          startTime: now,
          heardTime: now,
        })
        return runId
      } catch (error) {
        if (!isDuplicate(error)) throw error
        const running = (await maintenanceRun.findOne({ where: { isRunning: true } }))?.get()
        if (running?.runId === runId) return runId
        throw new JobError('conflict', 'The house is being kept already', {
          hint: `Run ${running?.runId ?? ''} is at work; ask again when it has ended.`,
        })
      }
    },
    /** False: it was given up, or has ended. */
    async heard(runId: string): Promise<boolean> {
      const [changed] = await maintenanceRun.update({ heardTime: new Date() }, { where: { runId, isRunning: true } })
      return changed > 0
    },
    /** Asked again for a task: the newer report. */
    async report(runId: string, report: TaskReport): Promise<void> {
      await database.transaction(async (transaction) => {
        const row = await maintenanceRun.findOne({ where: { runId }, transaction, lock: transaction.LOCK.UPDATE })
        const before = row?.get().report ?? []
        const tasks = [...before.filter(({ task }) => task !== report.task), report]
        await maintenanceRun.update({ report: tasks, heardTime: new Date() }, { where: { runId }, transaction })
      })
    },
    /** It could not be started. */
    async giveUp(runId: string): Promise<void> {
      await maintenanceRun.update(
        { isRunning: null, runStatus: 'FAILED', endTime: new Date() },
        { where: { runId, isRunning: true } },
      )
    },
    async end(runId: string): Promise<MaintenanceRun> {
      const { tasks } = await find(runId)
      const runStatus = tasks.every(({ status }) => status === 'DONE') ? 'COMPLETED' : 'FAILED'
      await maintenanceRun.update(
        { isRunning: null, runStatus, endTime: new Date() },
        { where: { runId, isRunning: true } },
      )
      return await find(runId)
    },
    async list(request: PageRequest): Promise<Page<MaintenanceRun>> {
      const { where, order, limit } = pageQuery(request)
      const rows = await maintenanceRun.findAll({ where, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        recordOf,
      )
    },
  }
}

function recordOf(row: MaintenanceRunRow): MaintenanceRun {
  return {
    runId: row.runId,
    status: row.runStatus,
    trigger: row.triggerType,
    dryRun: row.isDryRun,
    only: row.wish,
    tasks: row.report,
    startedAt: row.startTime.toISOString(),
    endedAt: row.endTime?.toISOString() ?? null,
  }
}
