import { JobError } from '../errors/job-error.js'

/** Of a graph, or of its outline. */
export function phaseNumbered<P extends { readonly number: number }>(
  of: { readonly phases: readonly P[] },
  number: number,
): P {
  const phase = of.phases.find((candidate) => candidate.number === number)
  if (phase === undefined) throw new JobError('internal', `The plan names phase ${number}, which the graph lacks.`)
  return phase
}
