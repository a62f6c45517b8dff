/** The worker's own row in the catalogue: written at its start, kept fresh, marked at its end. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { reportError } from '../core/errors/job-error.js'
import { processUsage } from '../models/stores/journal/process-usage.js'
import { BEAT_MS, type WorkerProcess, type WorkerStore } from '../models/stores/worker-store.js'
import { readVersion } from '../process/version.js'

export interface Presence {
  readonly workerId: string
  stopping(): Promise<void>
  stopped(): Promise<void>
}

export interface Present {
  readonly slots: number
  readonly taskQueues: readonly string[]
  readonly slotsUsed: () => number
}

interface Log {
  warn(details: object, message: string): void
}

/** A catalogue that is away stops nothing: the row is written once it is back. */
export async function keepPresent(store: WorkerStore, present: Present, log: Log): Promise<Presence> {
  const { slots, taskQueues, slotsUsed } = present
  const workerId = randomUUID()
  const startTime = new Date()
  const self: WorkerProcess = {
    workerId,
    host: hostname(),
    processId: process.pid,
    version: readVersion(),
    slots,
    taskQueues,
  }
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      log.warn({ code: reportError(error).code }, `${what} could not be noted in the catalogue`)
    }
  }
  const beat = () =>
    attempt('that this worker lives', () => store.beat(self, { slotsUsed: slotsUsed(), ...processUsage() }, startTime))
  await beat()
  const timer = setInterval(beat, BEAT_MS)
  timer.unref()
  return {
    workerId,
    stopping: async () => {
      clearInterval(timer)
      await attempt('that this worker stops', () => store.stop(workerId, 'STOPPING'))
    },
    stopped: () => attempt('that this worker has stopped', () => store.stop(workerId, 'STOPPED')),
  }
}
