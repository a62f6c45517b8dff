/** Which files of the checkpoint store nobody needs (I5): mark over all lineages, forks and pending plans, then sweep. */
import { isDiscardable } from '../execution/retention.js'

export interface Marks {
  /** Every file that a checkpoint of any lineage names: forks name files of others, and unchanged state lies in old ones. */
  readonly named: ReadonlySet<string>
  /** Of each lineage that there is: what epochs before it wrote is needed only if it is named. */
  readonly before: ReadonlyMap<string, number>
}

export interface StoredFile {
  readonly key: string
  readonly modifiedMs: number
}

/** Only what lies below `lineage/`; what is younger than the grace may be on its way to its row. */
export function isOrphan({ key, modifiedMs }: StoredFile, { named, before }: Marks, youngestMs: number): boolean {
  const lineageId = /^lineage\/([^/]+)\//.exec(key)?.[1]
  if (lineageId === undefined || modifiedMs > youngestMs || named.has(key)) return false
  const needed = before.get(decoded(lineageId))
  return needed === undefined || isDiscardable(key, { named, before: needed })
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
