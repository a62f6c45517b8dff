/** Record totals as the columns of an execution. */
import type { RecordTotals } from '../../../core/execution/record-totals.js'

export function recordColumns(totals: RecordTotals) {
  return {
    recordsRead: totals.read,
    recordsSideRead: totals.sideRead,
    recordsProcessed: totals.processed,
    recordsWritten: totals.written,
    recordsFiltered: totals.filtered,
    recordsFailed: totals.failed,
    recordsLate: totals.late,
  }
}
