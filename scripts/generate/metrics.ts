/** docs/reference/metrics.md: every name that Prometheus reads, from the meters themselves. */
import { openApiMeters } from '../../telemetry/api-meters.js'
import type { Exposition } from '../../telemetry/registry.js'
import { openWorkerMeters } from '../../telemetry/worker-meters.js'
import { page, table } from './page.js'

export function metricsPage(): Readonly<Record<string, string>> {
  const nothing = async (): Promise<never> => {
    throw new Error('there is no catalogue')
  }
  const api = openApiMeters(nothing, () => 0)
  const worker = openWorkerMeters(1, () => 0)
  return {
    'metrics.md': page(
      'Metrics for Prometheus',
      INTRO,
      `## API\n\n${rowsOf(api.exposition)}`,
      `## Worker\n\n${rowsOf(worker.exposition)}`,
    ),
  }
}

const INTRO = `Units are in the names. Both also show what every Node process has (\`process_…\`, \`nodejs_…\`). What they are for, and how to
turn them on: [metrics](../metrics.md).`

function rowsOf({ registry }: Exposition): string {
  const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('etl_'))
  const rows = own.map((metric) => [`\`${metric.name}\``, String(metric.type), labelsOf(metric), metric.help])
  return table(['name', 'type', 'labels', 'meaning'], rows)
}

function labelsOf(metric: object): string {
  const { labelNames = [] } = metric as { readonly labelNames?: readonly string[] }
  return labelNames.map((label) => `\`${label}\``).join(', ')
}
