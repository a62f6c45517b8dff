/** What a spec may say and this engine does not do yet: refused where the answer would be wrong, told where it is only missing. */
import type { Problem } from '../core/errors/problem.js'
import type { JobSpec } from '../core/spec/schema.js'

export function notYet(spec: JobSpec): {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
} {
  const streaming = 'STREAMING jobs do not run yet.'
  const unheard = (['schedule', 'retry', 'sla'] as const).filter((key) => spec[key] !== undefined && spec[key] !== null)
  return {
    problems: spec.type === 'STREAMING' ? [problem('/type', streaming, 'Say `type: BATCH`.')] : [],
    warnings: unheard.map((key) =>
      problem(
        `/${key}`,
        `\`${key}\` is kept with the job, and does nothing yet.`,
        'Start executions with `etl start`.',
      ),
    ),
  }
}

function problem(pointer: string, message: string, hint: string): Problem {
  return { pointer, nodeId: null, code: 'spec.unsupported', message, hint }
}
