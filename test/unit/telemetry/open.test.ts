import { expect, test } from '@jest/globals'
import { openTelemetry } from '../../../telemetry/open.js'
import { traceIds } from '../../../telemetry/spans.js'
import { openWorkerMeters } from '../../../telemetry/worker-meters.js'

const { exposition } = openWorkerMeters(1, () => 0)

test.each([
  ['no collector', {}],
  ['an empty name', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ['one that is switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
])('with %s nobody is told', async (_, variables) => {
  expect(await openTelemetry('etl-worker', '1', exposition, variables)).toBeNull()
})

test('a collector that does not answer holds up nobody', async () => {
  const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces' }
  const telemetry = await openTelemetry('etl-worker', '1', exposition, variables)
  const place = { executionId: 'e', epoch: 1, name: 'epoch 1', startMs: 0, endMs: 1, isRoot: true, attributes: {} }
  for (let span = 0; span < 5000; span += 1) telemetry?.trace(place)
  await telemetry?.close()
  expect(telemetry).not.toBeNull()
})

test('whoever knows execution and epoch knows the trace, and each epoch has its own', () => {
  expect(traceIds('e', 1)).toEqual(traceIds('e', 1))
  expect(traceIds('e', 1).traceId).not.toBe(traceIds('e', 2).traceId)
  expect(traceIds('e', 11).traceId).not.toBe(traceIds('e1', 1).traceId)
  expect(traceIds('e', 1)).toEqual({
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    rootId: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
})
