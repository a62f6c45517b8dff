/** What the rows of the catalogue need of the checkpoint store (core/maintenance/sweep.ts). */
import { UNFINISHED } from '../../../core/execution/status.js'
import type { Marks } from '../../../core/maintenance/sweep.js'
import type { HouseConnection } from './house-connection.js'

const PAGE = 20_000

export async function marksOf(house: HouseConnection): Promise<Marks> {
  return { named: new Set((await namedFiles(house)).map(({ path }) => path)), before: await neededSince(house) }
}

export interface NamedFile {
  readonly path: string
  readonly checkpointId: string
}

/** By every checkpoint that has its state, of whatever lineage. */
export async function namedFiles(house: HouseConnection): Promise<readonly NamedFile[]> {
  const files: NamedFile[] = []
  let after = '0'
  for (;;) {
    const rows = await house.query<NamedFile & { id: string }>(
      `SELECT id, state_path AS path, checkpoint_id AS checkpointId FROM etl_operator_state
        WHERE id > :after AND state_path IS NOT NULL ORDER BY id LIMIT ${PAGE}`,
      { after },
    )
    files.push(...rows)
    if (rows.length < PAGE) return files
    after = rows.at(-1)?.id ?? after
  }
}

/**
 * A pending plan needs what its epoch wrote: captures, results, rejects. So does an execution that is at work or waits, which
 * may be reading what the epochs since its oldest retained checkpoint left.
 */
async function neededSince(house: HouseConnection): Promise<ReadonlyMap<string, number>> {
  const unfinished = UNFINISHED.map((status) => `'${status}'`).join(', ')
  const rows = await house.query<{
    lineageId: string
    newest: string | null
    oldest: string | null
    atWork: string | number
  }>(
    `SELECT l.lineage_id AS lineageId,
            (SELECT MAX(c.epoch) FROM etl_checkpoint c WHERE c.lineage_id = l.lineage_id AND c.checkpoint_status = 'COMPLETED') AS newest,
            (SELECT MIN(c.epoch) FROM etl_checkpoint c WHERE c.lineage_id = l.lineage_id AND c.checkpoint_status = 'COMPLETED'
                AND c.checkpoint_type = 'PERIODIC' AND c.state_discarded = 0) AS oldest,
            EXISTS (SELECT 1 FROM etl_job_execution e WHERE e.lineage_id = l.lineage_id
                AND e.execution_status IN (${unfinished})) AS atWork
       FROM etl_lineage l`,
  )
  return new Map(
    rows.map(({ lineageId, newest, oldest, atWork }) => [
      lineageId,
      Number(atWork) === 1 ? Number(oldest ?? 0) : Number(newest ?? 0) + 1,
    ]),
  )
}
