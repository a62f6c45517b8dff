/** Which checkpoints of a lineage keep their state, and which files of it are still needed (I5). */

export interface HeldCheckpoint {
  readonly checkpointId: string
  readonly epoch: number
  readonly type: 'PERIODIC' | 'SAVEPOINT'
  /** Another lineage starts from it. */
  readonly isForked: boolean
}

export interface Retention {
  readonly kept: readonly string[]
  readonly discarded: readonly string[]
  /** Of the oldest checkpoint that is kept for its age; what epochs before it wrote is needed only if it is named. */
  readonly before: number
}

/** COMPLETED checkpoints that have their state still: the newest are kept, savepoints, and what a fork starts from. */
export function retain(checkpoints: readonly HeldCheckpoint[], retained: number): Retention {
  const newestFirst = [...checkpoints].sort((a, b) => b.epoch - a.epoch)
  const recent = newestFirst.filter((one) => one.type === 'PERIODIC').slice(0, Math.max(1, retained))
  const isKept = (one: HeldCheckpoint) => one.type === 'SAVEPOINT' || one.isForked || recent.includes(one)
  const idsOf = (some: readonly HeldCheckpoint[]) => some.map((one) => one.checkpointId)
  return {
    kept: idsOf(newestFirst.filter(isKept)),
    discarded: idsOf(newestFirst.filter((one) => !isKept(one))),
    before: recent.at(-1)?.epoch ?? 0,
  }
}

export interface Needed {
  /** Files that a kept checkpoint names: unchanged state lies in the file of the epoch that last changed it. */
  readonly named: ReadonlySet<string>
  readonly before: number
}

/** A file that says which epoch wrote it, and that no kept checkpoint, no pending plan and no later epoch can need. */
export function isDiscardable(key: string, { named, before }: Needed): boolean {
  const epoch = epochOf(key)
  return epoch !== null && epoch < before && !named.has(key)
}

const BY_FENCE =
  /^lineage\/[^/]+\/(?:state|exchange|rejects|results)\/.*\/\d{6,}-\d{6,}-(\d{9,})-\d{4,}(?:\/[^/]+|\.json)$/
const BY_EPOCH = /^lineage\/[^/]+\/capture\/[^/]+\/(\d+)\/[^/]+$/

function epochOf(key: string): number | null {
  const found = BY_FENCE.exec(key) ?? BY_EPOCH.exec(key)
  return found === null ? null : Number(found[1])
}
