/** What a local run says: answers on stdout, progress on stderr; with `--json` one object and nothing else on stdout. */
import type { ExecutionReport } from '../../core/execution/report.js'

export function showReport(report: ExecutionReport, json: boolean | undefined): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  const { records, error } = report
  const number = new Intl.NumberFormat('en-US')
  const lines = [
    `${report.jobName}: ${report.status} in ${(report.durationMs / 1000).toFixed(2)} s, ${report.epochs} epoch(s), ${report.restarts} restart(s)`,
    `  read ${number.format(records.read)} (side ${number.format(records.sideRead)}), written ${number.format(records.written)}, filtered ${number.format(records.filtered)}, failed ${number.format(records.failed)}`,
    ...report.operators.map(
      (operator) =>
        `  ${operator.id.padEnd(24)} in ${number.format(operator.recordsIn).padStart(12)}  out ${number.format(operator.recordsOut).padStart(12)}`,
    ),
    ...(error === null ? [] : [`error ${error.code}: ${error.message}${error.hint === null ? '' : ` ${error.hint}`}`]),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

export interface ProgressView {
  records(counts: Readonly<Record<string, number>>): void
  line(message: string): void
  end(): void
}

/** One line that is rewritten on a terminal; elsewhere only events are told. */
export function showProgress(json: boolean | undefined): ProgressView {
  const terminal = process.stderr.isTTY === true && !json
  const beganMs = Date.now()
  const clear = () => {
    if (terminal) process.stderr.write('\r\u001b[K')
  }
  return {
    records: (counts) => {
      if (!terminal) return
      const seconds = (Date.now() - beganMs) / 1000
      const taken = counts.recordsIn ?? 0
      process.stderr.write(
        `\r\u001b[K${seconds.toFixed(1)} s · this epoch: ${taken.toLocaleString('en-US')} records in`,
      )
    },
    line: (message) => {
      clear()
      process.stderr.write(`${message}\n`)
    },
    end: clear,
  }
}
