/** After a commit: what checkpoints beyond `retained` kept goes, rows first, then the files that nothing names any more (I5). */
import { reportError } from '../core/errors/job-error.js'
import { isDiscardable } from '../core/execution/retention.js'
import { type ActivityDeps, limitsOf } from './deps.js'

export interface Lineage {
  readonly executionId: string
  readonly lineageId: string
  /** Of the job; null: as the system says. */
  readonly retained: number | null
  /** Its execution is COMPLETED: no plan is pending, and nobody reads its files any more. */
  readonly isOver: boolean
}

/**
 * Never fails: what is left over, by a kill or a store that is away, is found by the next time, because files are found
 * by listing and not by remembering. Rows go first: a file without a row is waste, a row without its file a lie.
 */
export async function discardOld(deps: ActivityDeps, lineage: Lineage): Promise<void> {
  const { lineageId, isOver } = lineage
  try {
    const limits = await limitsOf(deps)
    if (!isOver && !isDue(lineageId, deps.now(), limits.graceMs / 4)) return
    const retained = lineage.retained ?? limits.retainedCheckpoints
    const needed = await deps.journal.retain?.(lineage.executionId, retained, isOver)
    if (!needed) return
    const youngestMs = isOver ? Number.POSITIVE_INFINITY : deps.now() - limits.graceMs
    const { store } = deps.parts
    for await (const { key, modifiedMs } of store.list(`lineage/${lineageId}/`))
      if (isDiscardable(key, needed) && modifiedMs <= youngestMs) await store.remove(key)
  } catch (error) {
    deps.warn?.({ lineageId, code: reportError(error).code }, 'old state could not be removed; it is tried again')
  }
}

const lastAt = new Map<string, number>()
const REMEMBERED = 1000

/** Listing costs: with short epochs, not after each. */
function isDue(lineageId: string, nowMs: number, leastMs: number): boolean {
  if (nowMs - (lastAt.get(lineageId) ?? Number.NEGATIVE_INFINITY) < leastMs) return false
  if (lastAt.size >= REMEMBERED) lastAt.clear()
  lastAt.set(lineageId, nowMs)
  return true
}
