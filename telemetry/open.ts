/** OpenTelemetry where a collector is named; neither its SDK nor its exporters are loaded otherwise. */
import type { Exposition } from './registry.js'
import type { Trace } from './spans.js'

export interface Telemetry {
  readonly trace: Trace
  /** Sends what waits, for a moment. */
  close(): Promise<void>
}

/** What is sent. Where to, and with which headers, the exporters read of OpenTelemetry's own variables. */
export interface Sending {
  readonly traces: boolean
  readonly metrics: boolean
  /** null: `service` is its name. */
  readonly serviceName: string | null
  readonly metricsEveryMs: number
  readonly metricsTimeoutMs: number
}

/** null: nobody is to be told. */
export async function openTelemetry(
  service: string,
  version: string,
  exposition: Exposition,
  sending: Sending | null,
): Promise<Telemetry | null> {
  if (sending === null) return null
  const { openOtlp } = await import('./otlp.js')
  return openOtlp(sending.serviceName ?? service, version, exposition, sending)
}
