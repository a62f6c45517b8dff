/** Times in which alerts notify nobody; they are raised all the same. */
import { Op } from 'sequelize'
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { AlertSilenceRow } from '../tables/alerts.js'

export interface SilenceDefinition {
  /** null: every rule. */
  readonly ruleId: string | null
  /** null: every job. */
  readonly jobId: string | null
  readonly reason: string | null
  readonly startsAt: string
  readonly endsAt: string
}

export interface SilenceRecord extends SilenceDefinition {
  readonly silenceId: string
  readonly createdBy: string | null
  readonly version: number
  readonly createdAt: string
}

export interface SilenceFilter extends PageRequest {
  /** Without those that are over. */
  readonly isActive?: boolean | undefined
}

export type AlertSilenceStore = ReturnType<typeof alertSilenceStore>

export function alertSilenceStore(database: Database) {
  const { alertSilence } = database.tables
  const find = async (silenceId: string): Promise<SilenceRecord> => {
    const row = await alertSilence.findOne({ where: { silenceId } })
    if (row === null) throw new JobError('not.found', 'There is no such silence')
    return recordOf(row.get())
  }
  return {
    find,
    async list({ isActive, ...request }: SilenceFilter): Promise<Page<SilenceRecord>> {
      const { where, order, limit } = pageQuery(request)
      const lasting = isActive === true ? [{ endTime: { [Op.gt]: new Date() } }] : []
      const rows = await alertSilence.findAll({ where: { [Op.and]: [where, ...lasting] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        request,
        recordOf,
      )
    },
    async create(silenceId: string, given: SilenceDefinition, by: string): Promise<SilenceRecord> {
      await alertSilence.create({ silenceId, ...columnsOf(given), createdBy: by })
      return await find(silenceId)
    },
    async update(silenceId: string, given: SilenceDefinition, version: number | null): Promise<SilenceRecord> {
      const known = await find(silenceId)
      const [changed] = await alertSilence.update(
        { ...columnsOf(given), version: known.version + 1 },
        { where: { silenceId, version: version ?? known.version } },
      )
      if (changed === 0) throw stale((await find(silenceId)).version)
      return await find(silenceId)
    },
    async remove(silenceId: string, version: number | null): Promise<void> {
      const known = await find(silenceId)
      const removed = await alertSilence.destroy({ where: { silenceId, version: version ?? known.version } })
      if (removed === 0) throw stale((await find(silenceId)).version)
    },
  }
}

function stale(version: number): JobError {
  return new JobError('conflict', `The silence was changed in the meantime; its version is ${version}`)
}

function columnsOf({ ruleId, jobId, reason, startsAt, endsAt }: SilenceDefinition): Partial<AlertSilenceRow> {
  if (Date.parse(endsAt) <= Date.parse(startsAt))
    throw new JobError('config.invalid', 'A silence ends after it begins', { pointer: '/endsAt' })
  return { ruleId, jobId, reason, startTime: new Date(startsAt), endTime: new Date(endsAt) }
}

function recordOf(row: AlertSilenceRow): SilenceRecord {
  return {
    silenceId: row.silenceId,
    ruleId: row.ruleId,
    jobId: row.jobId,
    reason: row.reason,
    startsAt: row.startTime.toISOString(),
    endsAt: row.endTime.toISOString(),
    createdBy: row.createdBy,
    version: row.version,
    createdAt: row.createTime.toISOString(),
  }
}
