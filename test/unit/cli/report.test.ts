import { describe, expect, test } from '@jest/globals'
import { readParameters } from '../../../cli/definitions.js'
import { openOutput, table } from '../../../cli/output.js'
import { describeReport, duration, exitCodeOf, hasEnded } from '../../../cli/report.js'
import type { ExecutionReport } from '../../../core/execution/report.js'

const report: ExecutionReport = {
  executionId: 'e1',
  jobId: 'j1',
  jobName: 'copy',
  jobVersion: 2,
  status: 'FAILED',
  records: { read: 3_000_000, sideRead: 0, processed: 0, written: 12, filtered: 0, failed: 1, late: 0 },
  epochs: 3,
  restarts: 1,
  durationMs: 61_000,
  lastCheckpointId: null,
  operators: [{ id: 'in', recordsIn: 1, recordsOut: 1, processingMs: 4 }],
  error: { code: 'record.bad', message: 'A record is bad.', nodeId: 'in', hint: 'Look.', retryable: false },
}

describe('a report', () => {
  test('tells people what happened, and what to do', () => {
    const text = describeReport(report, openOutput(true))
    for (const said of [
      'copy (version 2)',
      'FAILED',
      'read 3,000,000',
      'restarts 1',
      '1m 1s',
      'record.bad [in]: A record is bad.',
      'hint: Look.',
    ]) {
      expect(text).toContain(said)
    }
  })

  test('gives the exit code of its status', () => {
    const codes = (['COMPLETED', 'FAILED', 'CANCELLED', 'RUNNING'] as const).map((status) =>
      exitCodeOf({ ...report, status }),
    )
    expect(codes).toEqual([0, 1, 1, 0])
    expect(hasEnded({ ...report, status: 'PAUSED' })).toBe(false)
  })

  test.each([
    [5, '5 ms'],
    [1500, '1.5 s'],
    [59_999, '60.0 s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h 0m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })
})

describe('tables and parameters', () => {
  test('line up, and say when there is nothing', () => {
    expect(
      table(
        ['a', 'b'],
        [
          ['long', 1],
          [null, 22],
        ],
      ),
    ).toBe('a     b\nlong  1\n-     22')
    expect(table(['a'], [])).toBe('none')
  })

  test('are split at the first equals sign', () => {
    expect(readParameters(['a=1', 'b=x=y', 'c='])).toEqual({ a: '1', b: 'x=y', c: '' })
    expect(() => readParameters(['=1'])).toThrow(/name=value/)
  })
})
