/** Why times of a schedule started nothing: the newest are kept, for people to see. */
import type { Transaction } from 'sequelize'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import type { ScheduleDecisionRow } from '../../tables/schedules.js'

const KEPT = 100

export async function decide(
  db: Database,
  transaction: Transaction,
  { scheduleId, jobId }: Pick<JobScheduleRow, 'scheduleId' | 'jobId'>,
  { decision, logicalTime, message }: Pick<ScheduleDecisionRow, 'decision' | 'logicalTime' | 'message'>,
): Promise<void> {
  const row = { scheduleId, jobId, decision, logicalTime, message: message.slice(0, 1024) }
  await db.tables.scheduleDecision.create(row, { transaction })
  const [oldest] = await db.tables.scheduleDecision.findAll({
    attributes: ['id'],
    where: { scheduleId },
    order: [['id', 'DESC']],
    offset: KEPT,
    limit: 1,
    transaction,
  })
  if (oldest === undefined) return
  await db.execute(
    'DELETE FROM etl_schedule_decision WHERE schedule_id = :scheduleId AND id <= :id',
    { scheduleId, id: oldest.get().id },
    transaction,
  )
}
