/** What becomes of dead letters when their replay has ended: in the transaction that ends it. */
import type { Transaction } from 'sequelize'
import type { TerminalStatus } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'

/**
 * Of one that did not complete they stay: a sink may show some of them, and only its restart can tell which (I2). Where
 * nothing has been planned nothing can have run (I1), and they are free again.
 */
export async function settleReplay(
  db: Database,
  transaction: Transaction,
  { replay, lineageId }: Pick<JobExecutionRow, 'replay' | 'lineageId'>,
  status: TerminalStatus,
): Promise<void> {
  if (replay === null) return
  const held = { replayId: replay.id, now: new Date() }
  if (status === 'COMPLETED') {
    await db.execute(
      `UPDATE etl_dead_letter SET dead_letter_status = 'REPLAYED', replay_time = :now, version = version + 1
        WHERE replay_execution_id = :replayId AND dead_letter_status = 'REPLAYING'`,
      held,
      transaction,
    )
    return
  }
  if ((await db.tables.checkpoint.count({ where: { lineageId }, transaction })) > 0) return
  await db.execute(
    `UPDATE etl_dead_letter
        SET dead_letter_status = IF(edited_record IS NULL, 'NEW', 'EDITED'), replay_execution_id = NULL,
            version = version + 1
      WHERE replay_execution_id = :replayId AND dead_letter_status = 'REPLAYING'`,
    held,
    transaction,
  )
}
