/** Metrics and traces by OTLP over HTTP. Imported only by open.ts, and only where a collector is named. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Sending, Telemetry } from './open.js'
import type { Exposition } from './registry.js'
import { type EpochSpan, traceIds } from './spans.js'

const CLOSE_MS = 2000

export function openOtlp(service: string, version: string, exposition: Exposition, sending: Sending): Telemetry {
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.version': version,
    'service.instance.id': `${hostname()}/${process.pid}`,
  })
  const traces = sending.traces ? tracer(resource) : null
  const metrics = sending.metrics ? meters(resource, exposition, sending) : null
  return {
    trace: (span) => traces?.write(span),
    close: async () => {
      const closed = Promise.allSettled([traces?.close(), metrics?.shutdown()])
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())])
    },
  }
}

function tracer(resource: Resource) {
  // Ids are asked for while a span is started, and nothing comes between.
  let next: { readonly traceId: string; readonly spanId: string } | null = null
  const idGenerator = {
    generateTraceId: () => next?.traceId ?? randomBytes(16).toString('hex'),
    generateSpanId: () => next?.spanId ?? randomBytes(8).toString('hex'),
  }
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())]
  const provider = new BasicTracerProvider({ resource, idGenerator, spanProcessors })
  const spans = provider.getTracer('etl')
  return {
    close: () => provider.shutdown(),
    write({ executionId, epoch, name, startMs, endMs, isRoot, attributes, error }: EpochSpan): void {
      const { traceId, rootId } = traceIds(executionId, epoch)
      const parent = { traceId, spanId: rootId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
      const context = isRoot ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
      next = isRoot ? { traceId, spanId: rootId } : null
      const about = { 'etl.execution_id': executionId, 'etl.epoch': epoch, ...attributes }
      const span = spans.startSpan(name, { startTime: startMs, attributes: about }, context)
      next = null
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
      span.end(endMs)
    },
  }
}

/** What Prometheus would read, under the same names; of a histogram its sum and its count. */
function meters(resource: Resource, { registry }: Exposition, sending: Sending): MeterProvider {
  const exportIntervalMillis = sending.metricsEveryMs
  const exportTimeoutMillis = Math.min(exportIntervalMillis, sending.metricsTimeoutMs)
  const exporter = new OTLPMetricExporter()
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis })
  const provider = new MeterProvider({ resource, readers: [reader] })
  const meter = provider.getMeter('etl')
  for (const { name, help: description, type } of registry.getMetricsAsArray()) {
    const kind = String(type)
    const names = kind === 'histogram' || kind === 'summary' ? [`${name}_sum`, `${name}_count`] : [name]
    for (const each of names) {
      const isCounter = kind !== 'gauge'
      const instrument = isCounter
        ? meter.createObservableCounter(each, { description })
        : meter.createObservableGauge(each, { description })
      instrument.addCallback(async (result) => {
        const { values } = await registry.getSingleMetric(name)!.get()
        for (const one of values as readonly Value[])
          if ((one.metricName ?? name) === each) result.observe(one.value, one.labels)
      })
    }
  }
  return provider
}

interface Value {
  readonly value: number
  readonly labels: Record<string, string | number>
  /** Of a histogram: which of its series. */
  readonly metricName?: string
}
