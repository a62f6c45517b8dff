/** What the epoch loop needs of a graph: which vertices run in which order. Small enough to cross Temporal (I6). */
import type { JobGraph, Phase } from '../graph/job-graph.js'
import type { PhaseOutline, VertexOutline } from './effects.js'

export function outlinePhases(graph: JobGraph): readonly PhaseOutline[] {
  const blocking = new Set(graph.stream.edges.filter((edge) => edge.blocking).map((edge) => edge.id))
  return graph.phases.map((phase) => ({
    number: phase.number,
    stages: phase.stages.map((stage) => stage.map((vertexId) => outlineVertex(graph, phase, vertexId, blocking))),
  }))
}

/** What lies behind a blocking port was read in an earlier phase: it is state, and not an input of the epoch. */
function outlineVertex(graph: JobGraph, phase: Phase, vertexId: string, blocking: ReadonlySet<string>): VertexOutline {
  const vertex = graph.vertices.find((candidate) => candidate.id === vertexId)
  const active = new Set(phase.stages.flat())
  return {
    vertexId,
    name: vertex?.name ?? vertexId,
    parallelism: vertex?.parallelism ?? 1,
    upstream: graph.edges
      .filter((edge) => edge.to === vertexId && active.has(edge.from) && !blocking.has(edge.streamEdgeId))
      .map((edge) => edge.from),
  }
}
