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

export function totalsOf(columns: ReturnType<typeof recordColumns>): RecordTotals {
  return {
    read: columns.recordsRead,
    sideRead: columns.recordsSideRead,
    processed: columns.recordsProcessed,
    written: columns.recordsWritten,
    filtered: columns.recordsFiltered,
    failed: columns.recordsFailed,
    late: columns.recordsLate,
  }
}
