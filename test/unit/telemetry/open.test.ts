import { expect, test } from '@jest/globals'
import { readTelemetry } from '../../../process/telemetry-environment.js'
import { reader, type Variables } from '../../../process/variables.js'
import { openTelemetry } from '../../../telemetry/open.js'
import { traceIds } from '../../../telemetry/spans.js'
import { openWorkerMeters } from '../../../telemetry/worker-meters.js'

const { exposition } = openWorkerMeters(1, () => 0)
const sendingOf = (variables: Variables) => readTelemetry(reader(variables, []))

test.each([
  ['no collector', {}],
  ['an empty name', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ['one that is switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
])('with %s nobody is told', async (_, variables) => {
  expect(await openTelemetry('etl-worker', '1', exposition, sendingOf(variables))).toBeNull()
})

test('metrics and traces may go to a collector each, as often as OpenTelemetry’s variables say', () => {
  const usual = { serviceName: null, metricsEveryMs: 60_000, metricsTimeoutMs: 30_000 }
  const endpoint = 'http://127.0.0.1:1/v1'
  expect(sendingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toEqual({ ...usual, traces: true, metrics: true })
  expect(sendingOf({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint, OTEL_METRIC_EXPORT_INTERVAL: 'often' })).toEqual({
    ...usual,
    traces: false,
    metrics: true,
  })
  expect(
    sendingOf({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: 'etl-night',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_METRIC_EXPORT_TIMEOUT: '900',
    }),
  ).toEqual({ traces: true, metrics: false, serviceName: 'etl-night', metricsEveryMs: 1000, metricsTimeoutMs: 900 })
})

test('a collector that does not answer holds up nobody', async () => {
  process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT = '500'
  const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces' }
  const telemetry = await openTelemetry('etl-worker', '1', exposition, sendingOf(variables))
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
