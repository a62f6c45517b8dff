import { expect, test } from '@jest/globals'
import { retryDelayMs } from '../../../../core/execution/retry.js'

const twice = { max: 2, delayMs: 5000 }

test('a failure that may pass is tried again as often as the job says, and then no more', () => {
  const failed = (retryNumber: number) => retryDelayMs(twice, { errorCode: 'connection.refused', retryNumber })
  expect([failed(0), failed(1), failed(2)]).toEqual([5000, 5000, null])
  expect(retryDelayMs(null, { errorCode: 'connection.refused', retryNumber: 0 })).toBeNull()
})

test.each(['config.invalid', 'schema.mismatch', 'permission.denied', 'connection.denied', 'record.bad', 'state.unfit'])(
  '%s has to be mended, and is not tried again',
  (errorCode) => {
    expect(retryDelayMs(twice, { errorCode, retryNumber: 0 })).toBeNull()
  },
)

test.each(['execution.timeout', 'source.missing', 'workflow.lost', 'worker.lost', 'internal'])(
  '%s is tried again',
  (errorCode) => {
    expect(retryDelayMs(twice, { errorCode, retryNumber: 0 })).toBe(5000)
  },
)
