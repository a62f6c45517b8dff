/** Lineages as retention sees them: what each may still be needed for (core/maintenance/lineage-fate.ts). */

import { UNFINISHED } from '../../../core/execution/status.js'
import { type Fate, fateOf, type LineageFacts } from '../../../core/maintenance/lineage-fate.js'
import type { HouseConnection } from './house-connection.js'

export interface KnownLineage {
  readonly lineageId: string
  readonly jobId: string
  readonly fate: Fate
  /** Of the newest end; as MySQL writes times, UTC. Without executions: when it was made. */
  readonly endedAt: string
  /** Checkpoints that have their state still, savepoints apart. */
  readonly held: number
}

const UNFINISHED_TEXT = UNFINISHED.map((status) => `'${status}'`).join(', ')

/** `newest`: the newest lineage of each job in which runs of it go on. */
const FACTS = `
  SELECT l.lineage_id AS lineageId, l.job_id AS jobId, l.is_drained AS isDrained, l.create_time AS madeAt,
         j.is_deleted AS jobIsDeleted, j.job_type AS jobType,
         COALESCE(JSON_UNQUOTE(JSON_EXTRACT(j.settings, '$.positions')), 'FRESH') AS positions,
         (newest.lineage_id IS NOT NULL) AS isNewestOfJob,
         EXISTS (SELECT 1 FROM etl_job_execution e
                  WHERE e.lineage_id = l.lineage_id AND e.execution_id = j.latest_execution_id) AS holdsLatest,
         EXISTS (SELECT 1 FROM etl_job_execution e
                  WHERE e.lineage_id = l.lineage_id AND e.execution_status IN (${UNFINISHED_TEXT})) AS hasUnfinished,
         EXISTS (SELECT 1 FROM etl_checkpoint c
                  WHERE c.lineage_id = l.lineage_id AND c.checkpoint_type = 'SAVEPOINT' AND c.state_discarded = 0) AS hasSavepoint,
         EXISTS (SELECT 1 FROM etl_lineage f JOIN etl_checkpoint c ON c.checkpoint_id = f.forked_from_checkpoint_id
                  WHERE f.job_id = l.job_id AND f.lineage_id <> l.lineage_id AND c.lineage_id = l.lineage_id) AS isForkedFrom,
         (SELECT COUNT(*) FROM etl_checkpoint c
           WHERE c.lineage_id = l.lineage_id AND c.checkpoint_type = 'PERIODIC' AND c.checkpoint_status = 'COMPLETED'
             AND c.state_discarded = 0) AS held,
         (SELECT MAX(e.end_time) FROM etl_job_execution e WHERE e.lineage_id = l.lineage_id) AS endedAt
    FROM etl_lineage l
    JOIN etl_job j ON j.job_id = l.job_id
    LEFT JOIN (SELECT job_id, MAX(id) AS id FROM
                 (SELECT l.job_id, e.id FROM etl_job_execution e JOIN etl_lineage l ON l.lineage_id = e.lineage_id
                   WHERE l.forked_from_checkpoint_id IS NULL AND e.replay IS NULL) runs GROUP BY job_id) last ON last.job_id = l.job_id
    LEFT JOIN etl_job_execution newest ON newest.id = last.id AND newest.lineage_id = l.lineage_id`

export async function knownLineages(house: HouseConnection): Promise<readonly KnownLineage[]> {
  return (await house.query<FactsRow>(`${FACTS} ORDER BY l.id`)).map(knownOf)
}

/** As it is now, under the locks of its job and of itself; null: it is gone. */
async function lockLineageFate(
  house: HouseConnection,
  { lineageId, jobId }: Pick<KnownLineage, 'lineageId' | 'jobId'>,
): Promise<KnownLineage | null> {
  await house.query('SELECT id FROM etl_job WHERE job_id = :jobId FOR UPDATE', { jobId })
  await house.query('SELECT id FROM etl_lineage WHERE lineage_id = :lineageId FOR UPDATE', { lineageId })
  const [row] = await house.query<FactsRow>(`${FACTS} WHERE l.lineage_id = :lineageId`, { lineageId })
  return row === undefined ? null : knownOf(row)
}

/**
 * Nobody goes on in it or starts from it any more: it counts as drained, and none of its checkpoints is whole. False: somebody
 * has, in the meantime.
 */
export async function sealLineage(house: HouseConnection, lineage: KnownLineage): Promise<boolean> {
  return await house.transaction(async () => {
    if ((await lockLineageFate(house, lineage))?.fate !== 'OVER') return false
    const { lineageId } = lineage
    await house.execute('UPDATE etl_lineage SET is_drained = 1 WHERE lineage_id = :lineageId', { lineageId })
    await house.execute('UPDATE etl_checkpoint SET state_discarded = 1 WHERE lineage_id = :lineageId', { lineageId })
    await house.execute(
      `DELETE s FROM etl_operator_state s JOIN etl_checkpoint c ON c.checkpoint_id = s.checkpoint_id
                          WHERE c.lineage_id = :lineageId`,
      { lineageId },
    )
    return true
  })
}

/** Of a lineage that nobody adds to: all but the newest checkpoint, savepoints and what a fork starts from. */
export async function giveUpOlder(house: HouseConnection, lineage: KnownLineage, before: Date): Promise<number> {
  return await house.transaction(async () => {
    const now = await lockLineageFate(house, lineage)
    if (now === null || now.fate === 'GOES_ON') return 0
    const { lineageId } = lineage
    const old = await house.query<{ checkpointId: string }>(
      `SELECT checkpoint_id AS checkpointId FROM etl_checkpoint
        WHERE lineage_id = :lineageId AND checkpoint_type = 'PERIODIC' AND checkpoint_status = 'COMPLETED'
          AND state_discarded = 0 AND trigger_time < :before
          AND epoch < (SELECT MAX(epoch) FROM etl_checkpoint
                        WHERE lineage_id = :lineageId AND checkpoint_type = 'PERIODIC' AND checkpoint_status = 'COMPLETED')
          AND checkpoint_id NOT IN (SELECT forked_from_checkpoint_id FROM etl_lineage WHERE forked_from_checkpoint_id IS NOT NULL)`,
      { lineageId, before },
    )
    if (old.length === 0) return 0
    const ids = old.map(({ checkpointId }) => checkpointId)
    await house.execute('DELETE FROM etl_operator_state WHERE checkpoint_id IN (:ids)', { ids })
    await house.execute('UPDATE etl_checkpoint SET state_discarded = 1 WHERE checkpoint_id IN (:ids)', { ids })
    return old.length
  })
}

/**
 * What a sink noted of it (I2), where jobs write into the catalogue's own database. Only its own rows: those of lineages that are
 * not known here may be another catalogue's.
 */
export async function removeProgress(house: HouseConnection, { lineageId }: KnownLineage): Promise<void> {
  const tables = await house.query(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'etl_sink_progress'",
  )
  if (tables.length > 0)
    await house.execute('DELETE FROM etl_sink_progress WHERE lineage_id = :lineageId', { lineageId })
}

export async function removeEmptyLineage(house: HouseConnection, { lineageId }: KnownLineage): Promise<void> {
  await house.execute(
    `DELETE FROM etl_lineage WHERE lineage_id = :lineageId
        AND NOT EXISTS (SELECT 1 FROM etl_job_execution e WHERE e.lineage_id = etl_lineage.lineage_id)`,
    { lineageId },
  )
}

type FactsRow = { readonly [K in keyof LineageFacts]: LineageFacts[K] extends boolean ? number : LineageFacts[K] } & {
  readonly lineageId: string
  readonly jobId: string
  readonly madeAt: string
  readonly held: string | number
  readonly endedAt: string | null
}

function knownOf({ lineageId, jobId, endedAt, madeAt, held, positions, jobType, ...flags }: FactsRow): KnownLineage {
  const is = (flag: unknown) => Number(flag) === 1
  const fate = fateOf({
    positions,
    jobType,
    jobIsDeleted: is(flags.jobIsDeleted),
    isNewestOfJob: is(flags.isNewestOfJob),
    holdsLatest: is(flags.holdsLatest),
    isDrained: is(flags.isDrained),
    hasUnfinished: is(flags.hasUnfinished),
    hasSavepoint: is(flags.hasSavepoint),
    isForkedFrom: is(flags.isForkedFrom),
  })
  return { lineageId, jobId, fate, endedAt: endedAt ?? madeAt, held: Number(held) }
}
