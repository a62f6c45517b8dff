import { z } from 'zod'
import { MAINTENANCE_TASKS } from '../../core/maintenance/report.js'
import { id, listOf, page, time } from '../http/schema.js'

const task = z.enum(MAINTENANCE_TASKS)

export const runBody = z.strictObject({
  only: z.array(task).min(1).optional().describe('Only these tasks; without it, all.'),
  dryRun: z.boolean().default(false).describe('Only say what would be done.'),
})
export const runParams = z.strictObject({ runId: id })
export const runQuery = z.strictObject(page)
export const run = z
  .object({
    runId: z.string(),
    status: z.enum(['RUNNING', 'COMPLETED', 'FAILED']),
    trigger: z.enum(['SCHEDULE', 'MANUAL']),
    dryRun: z.boolean(),
    only: z.array(z.string()).nullable(),
    tasks: z.array(
      z.object({
        task,
        status: z.enum(['DONE', 'FAILED']),
        durationMs: z.number().int(),
        error: z.string().nullable(),
        done: z.array(z.object({ what: z.string(), count: z.number(), names: z.array(z.string()).optional() })),
        warnings: z.array(z.string()),
      }),
    ),
    startedAt: time,
    endedAt: time.nullable(),
  })
  .meta({ id: 'MaintenanceRun' })
export const runList = listOf(run)
