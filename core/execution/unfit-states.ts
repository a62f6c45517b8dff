/** Whether the operators of a graph can go on with the state that a checkpoint holds. */
import type { JobGraph } from '../graph/job-graph.js'
import type { StreamNode } from '../graph/stream-graph.js'
import { sameName } from '../record/schema.js'
import type { StateHandle, StateType } from './chain-task.js'
import { isDealtAlike, type KeptBy, keptBy } from './kept-by.js'
import { buildPort } from './state-names.js'

export interface UnfitState {
  readonly nodeId: string
  readonly message: string
  readonly hint: string
}

/**
 * What does not fit, once for each node: state is matched by operator uid. Columns are compared when the state is
 * loaded, where the types are known.
 */
export function unfitStates(states: readonly StateHandle[], graph: JobGraph): readonly UnfitState[] {
  const unfit = new Map<string, UnfitState>()
  for (const state of states) {
    const fault = unfit.has(state.nodeId) ? null : faultOf(state, graph)
    if (fault !== null) unfit.set(state.nodeId, { nodeId: state.nodeId, ...fault })
  }
  return [...unfit.values()]
}

type Fault = Omit<UnfitState, 'nodeId'>

function faultOf({ nodeId, name, type, by }: StateHandle, graph: JobGraph): Fault | null {
  const node = graph.stream.nodes.find(({ id }) => id === nodeId)
  if (node === undefined) {
    const hint = `Give its \`id\` back to the node, or ${WITHOUT}.`
    return { message: `There is state of \`${nodeId}\`, and the job has no such node.`, hint }
  }
  const port = buildPort(name)
  if (port !== null && !graph.stream.edges.some((edge) => edge.to === nodeId && edge.port === port && edge.blocking))
    return otherwise(`\`${nodeId}\` has read its input \`${port}\` to the end, and has no such input any more.`)
  return by === undefined ? null : (changedFault(node, by, port, graph) ?? dealtFault(node, type, by, port, graph))
}

function changedFault(node: StreamNode, by: KeptBy, port: string | null, graph: JobGraph): Fault | null {
  if (by.kind !== node.kind)
    return otherwise(`The state of \`${node.id}\` is that of ${by.kind}, and it is ${node.kind} now.`)
  const { settings } = keptBy(graph, node.id, port ?? undefined)
  const names = [...new Set([...Object.keys(by.settings), ...Object.keys(settings)])]
  const changed = names.filter((name) => by.settings[name] !== settings[name])
  if (changed.length === 0) return null
  return otherwise(
    `The state of \`${node.id}\` was kept with another ${changed.map((name) => `\`${name}\``).join(', ')}.`,
  )
}

/** Rows go to other subtasks by the hash of their key: only where that decided, and decides still. */
function dealtFault(node: StreamNode, type: StateType, by: KeptBy, port: string | null, graph: JobGraph): Fault | null {
  const now = keptBy(graph, node.id, port ?? undefined)
  if (isDealtAlike(by.dealt, now.dealt) || by.everywhere === true) return null
  if (port !== null) {
    const edge = graph.stream.edges.find((one) => one.to === node.id && one.port === port)
    const byPlace = edge?.edgeType === 'SHUFFLE' && edge.partitionStrategy !== 'HASH' && node.parallelism > 1
    return byPlace ? undealt(node, by) : null
  }
  // A value has no key.
  const decides = type === 'VALUE' ? () => false : decidesFor(node, now)
  return decides(by) && decides(now) ? null : undealt(node, by)
}

/** Rows of a JOIN hold whatever they may be dealt by; those of others their keys. */
function decidesFor(node: StreamNode, { settings }: KeptBy): (kept: KeptBy) => boolean {
  const given = settings.groupBy ?? settings.key
  const keys = given === undefined ? null : (JSON.parse(given) as string[])
  return ({ dealt }) =>
    dealt.parallelism === 1
      ? node.kind === 'JOIN' || keys !== null
      : dealt.key !== null && (node.kind === 'JOIN' ? dealt.key.length > 0 : keys !== null && isAmong(dealt.key, keys))
}

function isAmong(some: readonly string[], all: readonly string[]): boolean {
  return some.every((name) => all.some((other) => sameName(other, name)))
}

function undealt({ id, parallelism }: StreamNode, { dealt }: KeptBy): Fault {
  return {
    message: `The state of \`${id}\` lies in ${dealt.parallelism} parts, and cannot be dealt to ${parallelism} subtasks by key.`,
    hint: `Set its \`parallelism\` and \`partition\` as they were, or ${WITHOUT}.`,
  }
}

const WITHOUT = 'restart without it: --allow-non-restored-state'

const otherwise = (message: string): Fault => ({
  message,
  hint: `Change it back, give the node another \`id\`, or ${WITHOUT}.`,
})
