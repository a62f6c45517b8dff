/** Whether anybody may still need what a lineage has left: its executions, checkpoints and files. */
export interface LineageFacts {
  readonly jobIsDeleted: boolean
  readonly positions: 'FRESH' | 'CONTINUE'
  readonly jobType: 'BATCH' | 'STREAMING'
  /** Of the lineages that runs of the job go on in: forks and replays stand aside. */
  readonly isNewestOfJob: boolean
  /** The newest execution of the job is one of it. */
  readonly holdsLatest: boolean
  readonly isDrained: boolean
  readonly hasUnfinished: boolean
  /** A person asked for it, for good. */
  readonly hasSavepoint: boolean
  /** Another lineage starts from one of its checkpoints. */
  readonly isForkedFrom: boolean
}

/** GOES_ON: the next execution may need its newest checkpoint. KEPT: nobody adds to it, but it may be asked for. OVER: neither. */
export type Fate = 'GOES_ON' | 'KEPT' | 'OVER'

export function fateOf(lineage: LineageFacts): Fate {
  if (lineage.hasUnfinished) return 'GOES_ON'
  const isForked = lineage.isForkedFrom ? 'KEPT' : 'OVER'
  if (lineage.jobIsDeleted) return isForked
  const continues = lineage.positions === 'CONTINUE' || lineage.jobType === 'STREAMING'
  if (lineage.isNewestOfJob && continues && !lineage.isDrained) return 'GOES_ON'
  return lineage.hasSavepoint || lineage.holdsLatest ? 'KEPT' : isForked
}
