/** What goes to a collector of OpenTelemetry, under its own names; its address and headers the exporters read themselves. */
import type { Read } from './variables.js'

export interface TelemetryEnvironment {
  readonly traces: boolean
  readonly metrics: boolean
  /** null: as the process calls itself. */
  readonly serviceName: string | null
  readonly metricsEveryMs: number
  readonly metricsTimeoutMs: number
}

/** null: no collector is named, or it is switched off. */
export function readTelemetry(read: Read): TelemetryEnvironment | null {
  const isGiven = (name: string) => read(name, () => true, no)
  const both = isGiven('OTEL_EXPORTER_OTLP_ENDPOINT')
  const traces = both || isGiven('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const metrics = both || isGiven('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT')
  const isOff = read('OTEL_SDK_DISABLED', (text) => text === 'true', no)
  if (isOff || !(traces || metrics)) return null
  return {
    traces,
    metrics,
    serviceName: read<string | null>('OTEL_SERVICE_NAME', String, () => null),
    metricsEveryMs: milliseconds(read, 'OTEL_METRIC_EXPORT_INTERVAL', 60_000),
    metricsTimeoutMs: milliseconds(read, 'OTEL_METRIC_EXPORT_TIMEOUT', 30_000),
  }
}

const no = () => false

/** What cannot be read counts as not said: so OpenTelemetry wants it. */
function milliseconds(read: Read, name: string, usual: number): number {
  return read(
    name,
    (text) => Number(text) || usual,
    () => usual,
  )
}
