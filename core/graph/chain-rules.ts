import type { ChainRule } from './job-graph.js'
import type { StreamEdge, StreamNode } from './stream-graph.js'

/** An edge that may join its two nodes into one vertex, and what the rules look at. */
export interface ChainCandidate {
  readonly edge: StreamEdge
  readonly from: StreamNode
  readonly to: StreamNode
  /** Inputs of the consumer that are not blocking. */
  readonly inputs: number
}

export interface NamedRule {
  readonly rule: ChainRule
  readonly refuses: (candidate: ChainCandidate) => boolean
  readonly reason: (candidate: ChainCandidate) => string
}

/** In the order in which they are asked: the first that refuses is the one that is told. */
export const CHAIN_RULES: readonly NamedRule[] = [
  {
    rule: 'BLOCKING_PORT',
    refuses: ({ edge }) => edge.blocking,
    reason: ({ edge }) => `The input \`${edge.port}\` of ${edge.to} is read to its end in an earlier phase.`,
  },
  {
    rule: 'NOT_FORWARD',
    refuses: ({ edge }) => edge.edgeType !== 'FORWARD',
    reason: ({ edge }) => `The edge is ${edge.edgeType}, so its records may change the subtask.`,
  },
  {
    rule: 'PARALLELISM_DIFFERS',
    refuses: ({ from, to }) => from.parallelism !== to.parallelism,
    reason: ({ from, to }) => `${from.id} has ${from.parallelism} subtasks, ${to.id} has ${to.parallelism}.`,
  },
  {
    rule: 'SEVERAL_INPUTS',
    refuses: ({ inputs }) => inputs !== 1,
    reason: ({ to, inputs }) => `${to.id} has ${inputs} inputs, and a chain has one head.`,
  },
  {
    rule: 'CHAINING_NEVER',
    refuses: ({ from, to }) => from.chaining === 'NEVER' || to.chaining === 'NEVER',
    reason: ({ from, to }) => `${from.chaining === 'NEVER' ? from.id : to.id} says \`chaining: NEVER\`.`,
  },
  {
    rule: 'CHAINING_HEAD',
    refuses: ({ to }) => to.chaining === 'HEAD',
    reason: ({ to }) => `${to.id} says \`chaining: HEAD\`.`,
  },
]
