/** What a spec may say and this engine does not do yet: told where it is only missing. */
import type { Problem } from '../../core/errors/problem.js'
import type { JobSpec } from '../../core/spec/schema.js'

export function notYet(spec: JobSpec): readonly Problem[] {
  const isTriggered = spec.schedule?.type === 'DEPENDENCY' || spec.schedule?.type === 'EVENT'
  const unheard = spec.schedule === undefined || spec.schedule === null || isTriggered ? [] : (['schedule'] as const)
  return unheard.map((key) => ({
    pointer: `/${key}`,
    nodeId: null,
    code: 'spec.unsupported',
    message: `\`${key}\` is kept with the job, and does nothing yet.`,
    hint: 'Start executions with `etl start`.',
  }))
}
