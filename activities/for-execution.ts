import type { ExecutionRecord } from '../core/execution/journal.js'

/** What the engine is told about the execution that it works for, whatever the step. */
export function forExecution(record: ExecutionRecord) {
  const { graph, settings, executionId, lineageId, parameters, logicalTime } = record
  return { graph, settings, executionId, lineageId, parameters, logicalTime }
}
