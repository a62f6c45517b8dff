import type { Budget } from '../../core/execution/plan.js'
import type { KafkaSplit, Measure, Offsets } from './position.js'

/** A partition gets the same share as the others, or what it has, and what one leaves goes to the rest. */
export function shareBudget(next: Offsets, ends: Offsets, budget: Budget, measure: Measure | null): Offsets {
  const to: Record<string, number> = { ...next }
  let left = offsetsIn(budget, measure)
  const waiting = Object.keys(next)
    .filter((partition) => (ends[partition] ?? 0) > next[partition]!)
    .sort((a, b) => room(a) - room(b) || Number(a) - Number(b))
  function room(partition: string): number {
    return ends[partition]! - next[partition]!
  }
  for (const [index, partition] of waiting.entries()) {
    const share = Math.min(room(partition), Math.ceil(left / (waiting.length - index)))
    to[partition] = next[partition]! + share
    left -= share
  }
  return to
}

/** As many offsets as should hold the budget's messages, and at least one. */
function offsetsIn({ records, bytes }: Budget, measure: Measure | null): number {
  const { bytesPerMessage, offsetsPerMessage } = measure ?? { bytesPerMessage: 1, offsetsPerMessage: 1 }
  const messages = Math.min(records, Math.floor(bytes / bytesPerMessage))
  return Math.max(1, Math.floor(messages * offsetsPerMessage))
}

/** A partition always falls to the same subtask: its order is that of one reader. */
export function dealOut(topicId: string, from: Offsets, to: Offsets, parallelism: number): KafkaSplit[][] {
  const splits: KafkaSplit[][] = Array.from({ length: parallelism }, () => [])
  const partitions = Object.keys(from)
    .map(Number)
    .sort((a, b) => a - b)
  for (const partition of partitions) {
    const split = { topicId, partition, from: from[partition]!, to: to[partition]! }
    if (split.to > split.from) splits[partition % parallelism]!.push(split)
  }
  return splits
}
