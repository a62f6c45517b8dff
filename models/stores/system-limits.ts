/** The system settings that executions heed, read together; a change is seen within seconds. */
import { defaultLimits, type Limits } from '../../core/execution/limits.js'
import type { Database } from '../database.js'

const REMEMBERED_MS = 5000

export function systemLimits(db: Database, nowMs: () => number = Date.now): () => Promise<Limits> {
  let known: { readonly limits: Promise<Limits>; readonly atMs: number } | null = null
  return () => {
    if (known !== null && nowMs() - known.atMs < REMEMBERED_MS) return known.limits
    const reading = { limits: readLimits(db), atMs: nowMs() }
    known = reading
    reading.limits.catch(() => {
      if (known === reading) known = null
    })
    return reading.limits
  }
}

async function readLimits(db: Database): Promise<Limits> {
  const rows = await db.tables.systemConfig.findAll({ where: { configType: 'INT' } })
  const values = new Map(rows.map((row) => [row.get().configKey, Number(row.get().configValue ?? Number.NaN)]))
  const read = (key: string, fallback: number, least: number) => {
    const value = values.get(key) ?? Number.NaN
    return Number.isFinite(value) ? Math.max(value, least) : fallback
  }
  const { budget, retainedCheckpoints, graceMs, metricsIntervalMs } = defaultLimits
  return {
    budget: {
      first: {
        records: read('executor.first_epoch_records', budget.first.records, 1),
        bytes: read('executor.first_epoch_bytes', budget.first.bytes, 1),
      },
      most: { ...budget.most, records: read('executor.max_epoch_records', budget.most.records, 1) },
    },
    retainedCheckpoints: read('checkpoint.retained', retainedCheckpoints, 1),
    graceMs: read('checkpoint.grace_seconds', graceMs / 1000, 0) * 1000,
    metricsIntervalMs: sampled(read('metrics.interval_ms', metricsIntervalMs, 0)),
  }
}

const sampled = (everyMs: number) => (everyMs === 0 ? 0 : Math.max(1000, everyMs))
