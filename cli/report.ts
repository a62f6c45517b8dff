/** An execution as it is reported (SURFACES section 3), and how people read it. */
import type { ExecutionReport } from '../core/execution/report.js'
import { isTerminal } from '../core/execution/status.js'
import { colourOfStatus, type Output, table } from './output.js'

export function hasEnded(report: ExecutionReport): boolean {
  return isTerminal(report.status)
}

export function exitCodeOf(report: ExecutionReport): number {
  return report.status === 'COMPLETED' || !hasEnded(report) ? 0 : 1
}

export function describeReport(report: ExecutionReport, output: Output): string {
  const { records } = report
  const lines = [
    `${report.jobName} (version ${report.jobVersion})  ${colourOfStatus(report.status, output)}  ${report.executionId}`,
    `records   read ${count(records.read)}, side ${count(records.sideRead)}, written ${count(records.written)}, filtered ${count(records.filtered)}, failed ${count(records.failed)}, late ${count(records.late)}`,
    `epochs    ${report.epochs}, restarts ${report.restarts}, ${duration(report.durationMs)}`,
  ]
  if (report.lastCheckpointId !== null) lines.push(`checkpoint ${report.lastCheckpointId}`)
  if (report.operators.length > 0) {
    const rows = report.operators.map((row) => [
      row.id,
      count(row.recordsIn),
      count(row.recordsOut),
      `${row.processingMs} ms`,
    ])
    lines.push('', table(['operator', 'in', 'out', 'time'], rows))
  }
  if (report.error !== null) {
    const node = report.error.nodeId === null ? '' : ` [${report.error.nodeId}]`
    lines.push('', `${output.colour.red('error')} ${report.error.code}${node}: ${report.error.message}`)
    if (report.error.hint !== null) lines.push(`  hint: ${report.error.hint}`)
  }
  return lines.join('\n')
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function duration(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`
}
