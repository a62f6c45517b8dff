/** One trace an epoch: whoever has a part of it makes the same ids, and nobody hands them on. */
import { createHash } from 'node:crypto'

export interface EpochSpan {
  readonly executionId: string
  readonly epoch: number
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  /** The epoch itself: the others are within it. */
  readonly isRoot: boolean
  /** Ids, counts and codes only (I6). */
  readonly attributes: Readonly<Record<string, string | number>>
  /** Code of the error that it ended with. */
  readonly error?: string
}

export type Trace = (span: EpochSpan) => void

export function traceIds(executionId: string, epoch: number): { readonly traceId: string; readonly rootId: string } {
  const digest = createHash('sha256').update(`${executionId}/${epoch}`).digest('hex')
  return { traceId: digest.slice(0, 32), rootId: digest.slice(32, 48) }
}
