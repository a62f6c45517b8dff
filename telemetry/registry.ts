/** What Prometheus reads of a process. */
import { collectDefaultMetrics, Registry } from 'prom-client'

export interface Exposition {
  readonly registry: Registry
  readonly contentType: string
  text(): Promise<string>
}

/** Gauges that are called like counters: promtool complains of them, and they tell little. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** With what the process itself uses. */
export function openRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return registry
}

export function expositionOf(registry: Registry): Exposition {
  return { registry, contentType: registry.contentType, text: () => registry.metrics() }
}

/** Seconds, from a step that does nothing to an epoch of ten minutes. */
export const DURATIONS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

/** Values of a label that people choose: so many are told apart by a process, all others are `(other)`. */
export function boundedLabel(most = 100): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= most) return '(other)'
    known.add(value)
    return value
  }
}
