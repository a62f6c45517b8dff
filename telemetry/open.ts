/** OpenTelemetry where the environment names a collector; neither its SDK nor its exporters are loaded otherwise. */
import type { Exposition } from './registry.js'
import type { Trace } from './spans.js'

export interface Telemetry {
  readonly trace: Trace
  /** Sends what waits, for a moment. */
  close(): Promise<void>
}

/** The names that OpenTelemetry gives them; what else it knows (headers, time-outs, intervals) it reads itself. */
const ENDPOINTS = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
]

/** null: nobody is to be told. */
export async function openTelemetry(
  service: string,
  version: string,
  exposition: Exposition,
  variables: NodeJS.ProcessEnv,
): Promise<Telemetry | null> {
  const given = (name: string) => (variables[name]?.trim() ?? '') !== ''
  if (!ENDPOINTS.some(given) || variables.OTEL_SDK_DISABLED === 'true') return null
  const { openOtlp } = await import('./otlp.js')
  const [both, traces, metrics] = ENDPOINTS.map(given)
  return openOtlp(service, version, exposition, { traces: both! || traces!, metrics: both! || metrics! })
}
