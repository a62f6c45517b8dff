/** A row as far as it can be read: somebody may have written into it what is no JSON, or is of another shape. */
import type { Model } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { JobScheduleRow } from '../../tables/jobs.js'

export interface Readable {
  /** What cannot be read is null in it. */
  readonly row: JobScheduleRow
  /** Columns as MySQL names them. */
  readonly unreadable: readonly string[]
}

export type StoredSchedule = Model<JobScheduleRow, Partial<JobScheduleRow>>

export function readable(stored: StoredSchedule): Readable {
  const row: Record<string, unknown> = { ...stored.dataValues }
  const unreadable: string[] = []
  for (const key of Object.keys(row) as (keyof JobScheduleRow)[]) {
    row[key] = readValue(stored, key)
    if (row[key] !== undefined) continue
    row[key] = null
    unreadable.push(COLUMNS[key] ?? key)
  }
  return { row: row as unknown as JobScheduleRow, unreadable }
}

/** Whoever starts something by it needs all of it. */
export function wholeOf(stored: StoredSchedule): JobScheduleRow {
  const { row, unreadable } = readable(stored)
  if (unreadable.length > 0) throw new JobError('internal', unreadableMessage(unreadable), { hint: MEND })
  return row
}

export function unreadableMessage(columns: readonly string[]): string {
  return `What the catalogue holds of the schedule in ${columns.map((column) => `\`${column}\``).join(', ')} cannot be read.`
}

export const MEND = 'Save its job with another schedule, or take the schedule away and give it again.'

const COLUMNS: Readonly<Partial<Record<keyof JobScheduleRow, string>>> = {
  dependencyJobIds: 'dependency_job_ids',
  dependencyConfig: 'dependency_config',
}

const isText = (value: unknown) => typeof value === 'string'
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

const SHAPES: Readonly<Partial<Record<keyof JobScheduleRow, (value: unknown) => boolean>>> = {
  dependencyJobIds: (value) => Array.isArray(value) && value.every(isText),
  dependencyConfig: isObject,
  parameters: (value) => isObject(value) && Object.values(value as object).every(isText),
}

/** undefined: it cannot be read. */
function readValue(stored: StoredSchedule, key: keyof JobScheduleRow): unknown {
  const isShaped = SHAPES[key] ?? (() => true)
  try {
    const value = stored.get(key) ?? null
    return value === null || isShaped(value) ? value : undefined
  } catch {
    return undefined
  }
}
