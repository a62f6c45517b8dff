/** Worker processes: each writes a row of its own, and keeps it fresh while it lives. */
import { Op } from 'sequelize'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { WorkerRow } from '../tables/system.js'

export interface WorkerProcess {
  readonly workerId: string
  readonly host: string
  readonly processId: number
  readonly version: string
  readonly slots: number
  readonly taskQueues: readonly string[]
}

export interface WorkerUsage {
  readonly slotsUsed: number
  readonly cpuUsagePercent: number | null
  readonly memoryUsageBytes: number | null
}

export interface WorkerRecord extends WorkerProcess, WorkerUsage {
  /** LOST: it has not been heard of for a while, and did not say that it stops. */
  readonly status: 'ALIVE' | 'STOPPING' | 'STOPPED' | 'LOST'
  readonly startedAt: string
  readonly heardAt: string
}

export const BEAT_MS = 10_000
export const LOST_MS = 3 * BEAT_MS + 2000
/** Those that ended are listed for a day. */
const SHOWN_MS = 24 * 3_600_000

export type WorkerStore = ReturnType<typeof workerStore>

export function workerStore(database: Database) {
  const { worker } = database.tables
  return {
    /** Asked again: the same row is alive. */
    async beat(process: WorkerProcess, usage: WorkerUsage, startTime: Date): Promise<void> {
      const { workerId, host: hostName, processId, version: buildVersion, slots, taskQueues } = process
      const now = { ...usage, workerStatus: 'RUNNING' as const, heartbeatTime: new Date() }
      const [changed] = await worker.update(now, { where: { workerId } })
      if (changed > 0) return
      await worker.destroy({ where: { heartbeatTime: { [Op.lt]: new Date(Date.now() - SHOWN_MS) } } })
      await worker.create({ workerId, hostName, processId, buildVersion, slots, taskQueues, startTime, ...now })
    },
    async stop(workerId: string, workerStatus: 'STOPPING' | 'STOPPED'): Promise<void> {
      await worker.update({ workerStatus, slotsUsed: 0, heartbeatTime: new Date() }, { where: { workerId } })
    },
    async list(request: PageRequest): Promise<Page<WorkerRecord>> {
      const { where: before, order, limit } = pageQuery(request)
      const nowMs = Date.now()
      const recent = { heartbeatTime: { [Op.gte]: new Date(nowMs - SHOWN_MS) } }
      const rows = await worker.findAll({ where: { [Op.and]: [before, recent] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        (row) => recordOf(row, nowMs),
      )
    },
  }
}

function recordOf(row: WorkerRow, nowMs: number): WorkerRecord {
  return {
    workerId: row.workerId,
    host: row.hostName,
    processId: row.processId,
    version: row.buildVersion ?? '',
    status: statusOf(row, nowMs),
    slots: row.slots,
    slotsUsed: row.slotsUsed,
    taskQueues: row.taskQueues ?? [],
    cpuUsagePercent: row.cpuUsagePercent,
    memoryUsageBytes: row.memoryUsageBytes,
    startedAt: row.startTime.toISOString(),
    heardAt: row.heartbeatTime.toISOString(),
  }
}

function statusOf({ workerStatus, heartbeatTime }: WorkerRow, nowMs: number): WorkerRecord['status'] {
  if (workerStatus === 'STOPPED') return 'STOPPED'
  if (nowMs - heartbeatTime.getTime() > LOST_MS) return 'LOST'
  return workerStatus === 'STOPPING' ? 'STOPPING' : 'ALIVE'
}
