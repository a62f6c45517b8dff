/** Rows beyond their age: children before parents, and never what a lineage may still need (core/maintenance/lineage-fate.ts). */
import { daysBefore } from '../../core/maintenance/policy.js'
import type { Findings } from '../../core/maintenance/report.js'
import {
  giveUpOlder,
  type KnownLineage,
  knownLineages,
  removeEmptyLineage,
  removeProgress,
  sealLineage,
} from '../../models/stores/maintenance/lineages.js'
import {
  looseRows,
  type OldRows,
  overtakenExecutions,
  partsOfLineage,
  spentCheckpoints,
} from '../../models/stores/maintenance/old-rows.js'
import { removeOld } from './remove-old.js'
import type { HouseWork } from './work.js'

export async function keepRetention(work: HouseWork): Promise<Findings> {
  const { house, policy, now, signal } = work
  const counts = new Map<string, number>()
  const count = (what: string, more: number) => counts.set(what, (counts.get(what) ?? 0) + more)
  const remove = async (old: OldRows) => void count(old.what, await removeOld(work, old))
  for (const old of looseRows(policy, now())) await remove(old)
  const lastNeeded = daysBefore(now(), policy.executionsDays)
  const lastHeld = daysBefore(now(), policy.checkpointsDays)
  for (const lineage of await knownLineages(house)) {
    signal.throwIfAborted()
    if (lineage.fate === 'OVER' && lineage.endedAt < textOf(lastNeeded)) await removeLineage(work, lineage, remove)
    else if (lineage.fate !== 'GOES_ON' && lineage.held > 1 && lineage.endedAt < textOf(lastHeld) && !work.dryRun)
      count('checkpoint states', await giveUpOlder(house, lineage, lastHeld))
  }
  await remove(spentCheckpoints(policy, now()))
  await remove(overtakenExecutions(policy, now()))
  return { done: [...counts].flatMap(([what, gone]) => (gone > 0 ? [{ what, count: gone }] : [])), warnings: [] }
}

/** Sealed first: from then on nobody can go on in it, and its rows may go in as many steps as they need. */
async function removeLineage(
  work: HouseWork,
  lineage: KnownLineage,
  remove: (old: OldRows) => Promise<void>,
): Promise<void> {
  if (!work.dryRun && !(await sealLineage(work.house, lineage))) return
  for (const part of partsOfLineage(lineage.lineageId)) await remove(part)
  if (work.dryRun) return
  await removeProgress(work.house, lineage)
  // Its files are nobody's any more: the task `files` finds them.
  await removeEmptyLineage(work.house, lineage)
}

/** As MySQL writes it. */
const textOf = (time: Date): string => time.toISOString().replace('T', ' ').replace('Z', '')
