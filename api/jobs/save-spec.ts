/** A spec is compiled, saved, and what follows from it is set going. */
import { InvalidInput } from '../../core/errors/invalid-input.js'
import type { CompiledJob } from '../../engine/compile-job.js'
import type { JobRecord, SavedJob } from '../../models/stores/job-store.js'
import type { ApiDeps } from '../deps.js'
import type { Caller } from '../http/route.js'
import { afterSave, scheduleIdOf } from '../schedules/after-save.js'

type Spec = Readonly<Record<string, unknown>>
export type Compiled = Extract<CompiledJob, { ok: true }>

/** `known`: the job and the version of it that is changed; null: a new job. */
export async function saveSpec(
  spec: Spec,
  known: Pick<JobRecord, 'jobId' | 'version'> | null,
  { userId }: Caller,
  deps: ApiDeps,
): Promise<SavedJob & { readonly warnings: Compiled['warnings'] }> {
  const compiled = await compile(spec, deps)
  const before = known === null ? null : await scheduleIdOf(known.jobId, deps)
  const saved = await deps.jobs.save({
    ...(known === null ? {} : { jobId: known.jobId, expectedVersion: known.version }),
    spec,
    description: typeof spec.description === 'string' ? spec.description : null,
    settings: compiled.settings,
    graph: compiled.graph,
    savedBy: userId,
  })
  await afterSave(saved, before, deps)
  return { ...saved, warnings: compiled.warnings }
}

export async function compile(spec: unknown, deps: ApiDeps): Promise<Compiled> {
  const compiled = await deps.compile(spec)
  if (compiled.ok) return compiled
  const { length } = compiled.problems
  throw new InvalidInput(
    'spec.invalid',
    `The job spec has ${length === 1 ? 'a problem' : `${length} problems`}`,
    compiled.problems,
  )
}
