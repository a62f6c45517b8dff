/** What follows once a job was saved or deleted: Temporal holds its schedule, and IMMEDIATE is started. */
import type { SavedJob } from '../../models/stores/job-store.js'
import type { ApiDeps } from '../deps.js'

/** Before the change; null: it has none. */
export async function scheduleIdOf(jobId: string, { schedules }: ApiDeps): Promise<string | null> {
  return (await schedules.backed(jobId))[0]?.scheduleId ?? null
}

export async function afterSave({ jobId, triggered }: SavedJob, before: string | null, deps: ApiDeps): Promise<void> {
  deps.keeper.follow(jobId, before)
  if (triggered !== null) await deps.starter.startTriggered([triggered])
}
