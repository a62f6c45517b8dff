/** What a running job leaves of itself: samples in the catalogue, numbers for Prometheus, traces for a collector. */
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { migrate } from '../../models/migrate.js'
import { traceIds } from '../../telemetry/spans.js'
import { readExposition } from '../support/exposition.js'
import { onServer, withDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { openPromlint } from '../support/promlint.js'
import { freePort } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const promlint = await openPromlint()

test('a job is sampled while it runs, read by Prometheus, and traced epoch by epoch', async () => {
  await withDatabase(async (url) => {
    await migrate(url)
    await onServer(url, "UPDATE etl_system_config SET config_value = '1000' WHERE config_key = 'metrics.interval_ms'")
    const [collector, port] = [await collect(), await freePort()]
    const extra = {
      ETL_WORKER_METRICS_PORT: String(port),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '300',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_METRIC_EXPORT_TIMEOUT: '900',
    }
    try {
      await withStack(
        { mysql: url, temporal: temporalAddress() },
        async (stack) => {
          const executionId = await stack.submit(job)
          const report = await stack.untilEnded(executionId)
          expect(report).toMatchObject({ status: 'COMPLETED', restarts: 0 })
          await sampled(stack, url, executionId, report.records.read)
          await exposed(stack, port)
          await traced(collector, url, executionId)
        },
        extra,
      )
    } finally {
      await collector.close()
    }
  })
}, 180_000)

test('bytes that are read and written are told, of the job and of its operators', async () => {
  await withDatabase(async (url) => {
    await migrate(url)
    await withStack({ mysql: url, temporal: temporalAddress() }, async (stack) => {
      const lines = Array.from({ length: 5000 }, (_, n) => `${n},${'é'.repeat(n % 7)}`)
      const body = `${lines.join('\n')}\n`
      await writeFile(join(stack.files, 'in.csv'), `id,name\n${body}`)
      const out = { path: join(stack.files, 'out.jsonl'), singleFile: true, format: 'jsonl' }
      const executionId = await stack.submit({
        name: 'bytes',
        nodes: [
          { id: 'in', source: 'file', config: { path: join(stack.files, 'in.csv') } },
          { id: 'some', operator: 'FILTER', input: 'in', config: { where: 'id >= 100' } },
          { id: 'out', sink: 'file', input: 'some', config: out },
        ],
      })
      await stack.untilEnded(executionId)
      const { size } = await stat(join(stack.files, 'out.jsonl'))
      const { body: metrics } = await stack.request<Metrics>('GET', `/api/v1/executions/${executionId}/metrics`)
      expect(metrics.job.at(-1)!.bytes).toEqual({ read: Buffer.byteLength(body), written: size })
      const sums = new Map<string, number>()
      for (const { operatorId, bytes } of metrics.operators) sums.set(operatorId, (sums.get(operatorId) ?? 0) + bytes)
      expect(Object.fromEntries(sums)).toEqual({ in: Buffer.byteLength(body), some: 0, out: size })
    })
  })
}, 180_000)

/** Some seconds of hashing. */
const rows = 600_000

const job = {
  name: 'sampled',
  checkpoint: { interval: '2s' },
  nodes: [
    { id: 'numbers', source: 'generator', config: { rows, columns: { id: 'n' } } },
    {
      id: 'hashed',
      operator: 'MAP',
      input: 'numbers',
      config: { set: { hash: `${'sha256('.repeat(8)}CAST(id AS VARCHAR)${')'.repeat(8)}` } },
    },
    { id: 'nowhere', sink: 'blackhole', input: 'hashed' },
  ],
}

async function sampled(stack: Stack, url: string, executionId: string, read: number): Promise<void> {
  const sums = async (kind: string) =>
    (await onServer(
      url,
      `SELECT operator_id AS id, CAST(SUM(records_in) AS DOUBLE) AS records, COUNT(*) > 0 AS told FROM etl_operator_metrics
        WHERE execution_id = '${executionId}' AND sampled_by IS ${kind} GROUP BY operator_id ORDER BY operator_id`,
    )) as object[]
  // The last sample comes within a second of the end.
  await until('samples add up to what the checkpoints say', async () => {
    const [samples, checkpoints] = [await sums('NOT NULL'), await sums('NULL')]
    return checkpoints.length === 3 && JSON.stringify(samples) === JSON.stringify(checkpoints)
  })
  const totals = (await onServer(
    url,
    `SELECT records_read_total AS n FROM etl_job_metrics WHERE execution_id = '${executionId}' AND sampled_by IS NOT NULL ORDER BY metric_time`,
  )) as { n: number }[]
  expect(totals.length).toBeGreaterThan(0)
  expect(Math.max(...totals.map(({ n }) => n))).toBe(read)
  const { body } = await stack.request<Metrics>('GET', `/api/v1/executions/${executionId}/metrics?step=1s`)
  expect(body.job.at(-1)?.records.read).toBe(read)
  expect(
    body.operators
      .filter(({ operatorId }) => operatorId === 'hashed')
      .reduce((sum, { recordsIn }) => sum + recordsIn, 0),
  ).toBe(read)
  const { body: operators } = await stack.request<Slow>('GET', `/api/v1/executions/${executionId}/operators`)
  expect(operators.slowest).toMatchObject({ operatorId: expect.any(String), why: expect.any(String) })
  // Nothing runs: nothing is told.
  const count = async () => JSON.stringify(await onServer(url, 'SELECT COUNT(*) AS n FROM etl_job_metrics'))
  const before = await count()
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(await count()).toBe(before)
}

async function exposed(stack: Stack, port: number): Promise<void> {
  const ofWorker = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const worker = readExposition(ofWorker)
  expect(worker.problems).toEqual([])
  expect(worker.values.get('etl_worker_records_total{job="sampled",kind="read"}')).toBe(rows)
  expect(worker.values.get('etl_worker_epochs_total')).toBeGreaterThan(1)
  const ofApi = await (await fetch(`${stack.url}/metrics`)).text()
  const api = readExposition(ofApi)
  expect(api.problems).toEqual([])
  for (const text of [ofWorker, ofApi]) expect((await promlint?.(text)) ?? []).toEqual([])
  expect(api.values.get('etl_api_requests_total{method="POST",route="/jobs/{jobId}/executions",status="202"}')).toBe(1)
  expect(api.values.get('etl_workers')).toBe(1)
  expect([...worker.values.keys(), ...api.values.keys()].join('\n')).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
}

async function traced(collector: Collector, url: string, executionId: string): Promise<void> {
  const [row] = (await onServer(
    url,
    `SELECT workflow_id AS workflowId, run_id AS runId FROM etl_job_execution WHERE execution_id = '${executionId}'`,
  )) as { workflowId: string; runId: string }[]
  const { traceId, rootId } = traceIds(executionId, 1)
  const spans = await until('the first epoch is told', async () => {
    const own = collector.spans().filter((span) => span.traceId === traceId)
    return own.some(({ spanId }) => spanId === rootId) && own.length >= 4 ? own : null
  })
  expect(spans.map(({ name }) => name).sort()).toEqual(['chain numbers', 'checkpoint', 'epoch 1', 'plan'])
  for (const span of spans) {
    expect(span.parentSpanId ?? '').toBe(span.spanId === rootId ? '' : rootId)
    const said = Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
    expect(said).toMatchObject({ 'temporal.workflow_id': row?.workflowId, 'temporal.run_id': row?.runId })
  }
  const [root] = spans.filter(({ spanId }) => spanId === rootId)
  for (const span of spans)
    expect(
      BigInt(span.startTimeUnixNano) >= BigInt(root!.startTimeUnixNano) &&
        BigInt(span.endTimeUnixNano) <= BigInt(root!.endTimeUnixNano),
    ).toBe(true)
  await until('metrics are told as well', async () => collector.metrics().includes('etl_worker_epochs_total'))
}

interface Metrics {
  readonly job: readonly { readonly records: { readonly read: number }; readonly bytes: object }[]
  readonly operators: readonly { readonly operatorId: string; readonly recordsIn: number; readonly bytes: number }[]
}

interface Slow {
  readonly slowest: object | null
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

type Collector = Awaited<ReturnType<typeof collect>>

/** An OTLP receiver that keeps what it is sent. */
async function collect() {
  const [spans, metrics] = [[] as Span[], new Set<string>()]
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, never[]>
    for (const { scopeSpans } of (body.resourceSpans ?? []) as { scopeSpans: { spans: Span[] }[] }[])
      for (const scope of scopeSpans) spans.push(...scope.spans)
    for (const { scopeMetrics } of (body.resourceMetrics ?? []) as {
      scopeMetrics: { metrics: { name: string }[] }[]
    }[])
      for (const scope of scopeMetrics) for (const { name } of scope.metrics) metrics.add(name)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    metrics: () => [...metrics],
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
