import { JobError } from '../errors/job-error.js'
import type { JobGraph, Phase } from './job-graph.js'

export function phaseNumbered(graph: JobGraph, number: number): Phase {
  const phase = graph.phases.find((candidate) => candidate.number === number)
  if (phase === undefined) throw new JobError('internal', `The plan names phase ${number}, which the graph lacks.`)
  return phase
}
