/** What an execution is called in Temporal: agreed between those who start it, run it and speak to it. */
export const WORKFLOW_TYPE = 'jobExecution'

/** Keeping house: the workflow's type; the id of its schedule, and of a run that somebody asks for. */
export const MAINTENANCE = { type: 'maintenance', id: 'etl-maintenance' } as const

/** Evaluating the alert rules: the workflow's type; the id of its schedule. */
export const ALERTS = { type: 'alertEvaluation', id: 'etl-alerts' } as const

/** Decisions and short steps; chains; long polls. */
export const QUEUES = { control: 'etl-control', data: 'etl-data', wait: 'etl-wait' } as const

/** The signal to a waiting execution that it may start. */
export const ADMITTED = 'admitted'

/** Updates: what people want of an execution, answered when it is done. */
export type UpdateName = 'pause' | 'resume' | 'savepoint'

export function workflowIdOf(jobId: string, executionId: string): string {
  return `etl-job/${jobId}/${executionId}`
}

/** null: a schedule named it. */
export function executionIdOf(workflowId: string): string | null {
  return /^etl-job\/[^/]+\/([^/]+)$/.exec(workflowId)?.[1] ?? null
}
