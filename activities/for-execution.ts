import type { Owner } from '../core/execution/effects.js'
import type { ExecutionRecord } from '../core/execution/journal.js'

/** What the engine is told about the execution that it works for, whatever the step. */
export function forExecution(record: ExecutionRecord) {
  const { graph, settings, executionId, lineageId, parameters, logicalTime } = record
  return { graph, settings, executionId, lineageId, parameters, logicalTime }
}

/** Whoever it is that owns the execution now. */
export function ownerOf({ executionId, generation, attempt }: ExecutionRecord): Owner {
  return { executionId, generation, attempt }
}
