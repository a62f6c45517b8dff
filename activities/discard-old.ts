/** What checkpoints beyond `retained` kept goes, rows first, then the files that nothing names any more (I5). */
import { reportError } from '../core/errors/job-error.js'
import type { ExecutionRecord } from '../core/execution/journal.js'
import { isDiscardable, type Needed } from '../core/execution/retention.js'
import { THINNING } from '../core/execution/thinning.js'
import { type ActivityDeps, limitsOf } from './deps.js'

export interface Lineage {
  readonly executionId: string
  readonly lineageId: string
  /** Of the job; null: as the system says. */
  readonly retained: number | null
}

/** After a commit, and now and then only. Never fails. */
export async function discardOld(deps: ActivityDeps, lineage: Lineage): Promise<void> {
  const { executionId, lineageId } = lineage
  await quietly(deps, lineageId, async () => {
    const { graceMs, retainedCheckpoints } = await limitsOf(deps)
    if (isDue(`rows ${lineageId}`, deps.now(), THINNED_EVERY_MS, deps.now()))
      await deps.journal.thinOut?.(executionId, deps.now())
    if (!isDue(lineageId, deps.now(), graceMs / 4)) return
    const needed = await deps.journal.retain?.(executionId, lineage.retained ?? retainedCheckpoints)
    if (needed !== undefined) await removeUnneeded(deps, lineageId, needed, deps.now() - graceMs)
  })
}

/** After the end: nobody reads the files any more that nothing names. Never fails. */
export async function discardAtEnd(
  deps: ActivityDeps,
  { executionId, lineageId, startedAt }: Ended,
  needed: Needed,
): Promise<void> {
  await quietly(deps, lineageId, async () => {
    await removeUnneeded(deps, lineageId, needed, Number.POSITIVE_INFINITY)
    const isYoung = startedAt === null || deps.now() - Date.parse(startedAt) < THINNING[0].afterMs
    if (!isYoung) await deps.journal.thinOut?.(executionId, deps.now())
  })
}

type Ended = Pick<ExecutionRecord, 'executionId' | 'lineageId' | 'startedAt'>

async function removeUnneeded(
  { parts: { store } }: ActivityDeps,
  lineageId: string,
  needed: Needed,
  youngestMs: number,
): Promise<void> {
  for await (const { key, modifiedMs } of store.list(`lineage/${lineageId}/`))
    if (isDiscardable(key, needed) && modifiedMs <= youngestMs) await store.remove(key)
}

/**
 * What is left over, by a kill or a store that is away, is found by the next time, because files are found by listing and
 * not by remembering. Rows go first: a file without a row is waste, a row without its file a lie.
 */
async function quietly(deps: ActivityDeps, lineageId: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    deps.warn?.({ lineageId, code: reportError(error).code }, 'old state could not be removed; it is tried again')
  }
}

/** Within an hour all of them stay anyway. */
const THINNED_EVERY_MS = 15 * 60_000

const lastAt = new Map<string, number>()
const REMEMBERED = 1000

/** Listing costs: with short epochs, not after each. */
function isDue(what: string, nowMs: number, leastMs: number, firstMs = Number.NEGATIVE_INFINITY): boolean {
  const last = lastAt.get(what)
  if (last !== undefined && nowMs - last < leastMs) return false
  if (last === undefined && nowMs - firstMs < leastMs) {
    lastAt.set(what, firstMs)
    return false
  }
  if (lastAt.size >= REMEMBERED) lastAt.clear()
  lastAt.set(what, nowMs)
  return true
}
