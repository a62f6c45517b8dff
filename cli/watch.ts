/** Follows an execution to its end: progress on standard error; Ctrl-C leaves it going. */
import type { ExecutionReport } from '../core/execution/report.js'
import type { Client } from './client.js'
import type { Output } from './output.js'
import { count, describeReport, duration, exitCodeOf, hasEnded } from './report.js'

const FIRST_POLL_MS = 50
const LONGEST_POLL_MS = 1000

/** Answers the exit code of the command. `extra` is put before the report with --json. */
export async function watch(client: Client, executionId: string, output: Output, extra: object = {}): Promise<number> {
  const interrupt = new AbortController()
  const stop = () => interrupt.abort()
  process.once('SIGINT', stop)
  try {
    const report = await follow(client, executionId, output, interrupt.signal)
    if (report === null) {
      output.note(
        `Interrupted: execution ${executionId} goes on; \`etl show ${executionId}\` shows it, \`etl cancel ${executionId}\` ends it`,
      )
      return 130
    }
    output.result({ ...extra, ...report }, () => describeReport(report, output))
    return exitCodeOf(report)
  } finally {
    process.off('SIGINT', stop)
  }
}

export async function follow(
  client: Client,
  executionId: string,
  output: Output,
  signal: AbortSignal,
): Promise<ExecutionReport | null> {
  const startedMs = Date.now()
  let pollMs = FIRST_POLL_MS
  let last: { readonly atMs: number; readonly read: number } = { atMs: startedMs, read: 0 }
  let said = ''
  while (!signal.aborted) {
    const report = await client.get<ExecutionReport>(`/executions/${executionId}`)
    if (hasEnded(report)) return report
    const nowMs = Date.now()
    const rate = ((report.records.read - last.read) * 1000) / Math.max(1, nowMs - last.atMs)
    const line = progressLine(report, rate, nowMs - startedMs)
    // Away from a terminal a line is said only when something moved.
    const moved = `${report.status} ${report.epochs} ${report.records.read}`
    if (process.stderr.isTTY === true || moved !== said) output.progress(line)
    said = moved
    last = { atMs: nowMs, read: report.records.read }
    await pause(pollMs, signal)
    pollMs = Math.min(LONGEST_POLL_MS, pollMs * 1.5)
  }
  return null
}

function progressLine(report: ExecutionReport, rate: number, elapsedMs: number): string {
  const { read, written, failed } = report.records
  const parts = [report.jobName, report.status, `read ${count(read)}`, `written ${count(written)}`]
  if (failed > 0) parts.push(`failed ${count(failed)}`)
  parts.push(`${count(Math.max(0, Math.round(rate)))}/s`, `epoch ${report.epochs + 1}`)
  if (report.restarts > 0) parts.push(`restarts ${report.restarts}`)
  parts.push(duration(elapsedMs))
  return parts.join(' · ')
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
