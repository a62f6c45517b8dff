/** From a checkpoint of one version of a job to what another version starts from: matched by operator uid. */
import type { Problem } from '../errors/problem.js'
import type { JobGraph, Phase } from '../graph/job-graph.js'
import type { StreamNode } from '../graph/stream-graph.js'
import type { CompletedCheckpoint } from './journal.js'
import { isBuildState } from './state-names.js'
import { type UnfitState, unfitStates } from './unfit-states.js'

export interface CarriedOver {
  readonly restored: CompletedCheckpoint
  /** What has no place in the new graph, and is left behind; each with what to do. */
  readonly unfit: readonly Problem[]
}

/**
 * Sources and operators of the last phase go on; a source that is new there is read from its beginning. Side inputs that
 * have been read are kept where they are the same; otherwise all of them are read anew, as by a new execution.
 */
export function carryOver(checkpoint: CompletedCheckpoint, from: JobGraph, to: JobGraph): CarriedOver {
  const before = nodesOf(from.phases.at(-1))
  const now = nodesOf(to.phases.at(-1))
  const sides = checkpoint.states.filter(({ name }) => isBuildState(name))
  const keepsSides =
    checkpoint.phase === from.phases.at(-1)?.number &&
    sidesOf(from) === sidesOf(to) &&
    unfitStates(sides, to).length === 0
  const positions = Object.entries(checkpoint.positions)
  const states = checkpoint.states.filter(({ name, nodeId }) => !isBuildState(name) && before.has(nodeId))
  const unfit = [
    ...positions.flatMap(([nodeId]) => (before.has(nodeId) ? misplaced(nodeId, from, to) : [])),
    ...unfitStates(states, to),
  ]
  const left = new Set(unfit.map(({ nodeId }) => nodeId))
  const goesOn = (nodeId: string) =>
    now.has(nodeId) ? before.has(nodeId) && !left.has(nodeId) : keepsSides && !before.has(nodeId)
  return {
    restored: {
      ...checkpoint,
      phase: (keepsSides ? to.phases.at(-1)?.number : to.phases[0]?.number) ?? 1,
      positions: Object.fromEntries(positions.filter(([nodeId]) => goesOn(nodeId))),
      states: [...states.filter(({ nodeId }) => goesOn(nodeId)), ...(keepsSides ? sides : [])],
      watermarks: Object.fromEntries(Object.entries(checkpoint.watermarks ?? {}).filter(([nodeId]) => goesOn(nodeId))),
      next: checkpoint.next.kind === 'exhausted' ? checkpoint.next : { kind: 'unplanned' },
    },
    unfit: unfit.map(({ nodeId, message, hint }) => ({ pointer: '', nodeId, code: 'state.unfit', message, hint })),
  }
}

const nodesOf = (phase: Phase | undefined): ReadonlySet<string> => new Set(phase?.nodes)

/** Everything that decides what is read before the last phase, and who keeps it. */
function sidesOf(graph: JobGraph): string {
  const phases = graph.phases.slice(0, -1)
  const active = new Set(phases.flatMap((phase) => phase.nodes))
  const { nodes, edges } = graph.stream
  const ways = edges.filter((edge) => active.has(edge.from) && (active.has(edge.to) || edge.blocking))
  return JSON.stringify([
    nodes.filter(({ id }) => active.has(id)).map(({ id, kind, config, schema }) => [id, kind, config, schema]),
    ways.map(({ id, output, blocking }) => [id, output, blocking]),
    phases.map(({ nodes: atWork, fills }) => [atWork, fills]),
  ])
}

function misplaced(nodeId: string, from: JobGraph, to: JobGraph): readonly UnfitState[] {
  const node = nodeNamed(to, nodeId)
  const was = nodeNamed(from, nodeId)?.kind
  const without = 'restart without it: --allow-non-restored-state'
  if (node === undefined) {
    const message = `There is a position of the source \`${nodeId}\`, and the job has no such node.`
    return [{ nodeId, message, hint: `Give its \`id\` back to the node, or ${without}.` }]
  }
  if (node.kind === was && node.nodeType === 'SOURCE') return []
  const message = `The position of \`${nodeId}\` is one in ${was}, and it is ${node.kind} now.`
  return [{ nodeId, message, hint: `Give the new source another \`id\`, or ${without}.` }]
}

const nodeNamed = (graph: JobGraph, id: string): StreamNode | undefined =>
  graph.stream.nodes.find((node) => node.id === id)
