import type { Owner } from '../core/execution/effects.js'
import type { ExecutionRecord } from '../core/execution/journal.js'
import type { Plan } from '../core/execution/plan.js'

/** What the engine is told about the execution that it works for, whatever the step. */
export function forExecution(record: ExecutionRecord) {
  const { graph, settings, executionId, lineageId, parameters, logicalTime } = record
  return { graph, settings, executionId, lineageId, parameters, logicalTime }
}

/** Whoever it is that owns the execution now. */
export function ownerOf({ executionId, generation, attempt }: ExecutionRecord): Owner {
  return { executionId, generation, attempt }
}

/** What sinks are opened for: the settings and values of the execution. */
export function sinkRun(record: ExecutionRecord, pending: Plan | null) {
  return { ...forExecution(record), at: pending?.at ?? record.logicalTime }
}
