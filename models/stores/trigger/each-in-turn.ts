/** Work on rows that falls due: one that fails holds up no other, however many of them fail every time. */
import { Op, type WhereOptions } from 'sequelize'
import { isJobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'

/** Of one, by its id: it is tried again in the next pass. */
export type Failed = (id: string, error: unknown) => void

/** Read at once. */
const PAGE = 500

export async function eachInTurn<R extends { readonly id: string }>(
  rowsAfter: (id: string, limit: number) => Promise<readonly R[]>,
  nameOf: (row: R) => string,
  work: (row: R) => Promise<void>,
  failed: Failed,
): Promise<void> {
  for (let after = '0'; ; ) {
    const rows = await rowsAfter(after, PAGE)
    for (const row of rows) {
      try {
        await work(row)
      } catch (error) {
        // Then nothing goes, and it is no fault of this one (I7).
        if (isJobError(error) && error.code === 'mysql.away') throw error
        failed(nameOf(row), error)
      }
    }
    if (rows.length < PAGE) return
    after = rows.at(-1)!.id
  }
}

/** Executions of which something falls due. */
export async function eachDue(
  db: Database,
  due: WhereOptions,
  work: (executionId: string) => Promise<void>,
  failed: Failed,
): Promise<void> {
  await eachInTurn<Pick<JobExecutionRow, 'id' | 'executionId'>>(
    (after, limit) => executionsAfter(db, due, after, limit),
    ({ executionId }) => executionId,
    ({ executionId }) => work(executionId),
    failed,
  )
}

async function executionsAfter(db: Database, where: WhereOptions, after: string, limit: number) {
  const rows = await db.tables.jobExecution.findAll({
    attributes: ['id', 'executionId'],
    where: { [Op.and]: [where, { id: { [Op.gt]: after } }] },
    order: [['id', 'ASC']],
    limit,
  })
  return rows.map((row) => row.get())
}
