/** What the API counts for Prometheus, and what it reads of the catalogue when it is asked. */
import { Counter, Gauge, Histogram } from 'prom-client'
import { DURATIONS, type Exposition, expositionOf, openRegistry } from './registry.js'

export interface ApiMeters {
  readonly exposition: Exposition
  /** `route` is a template of the table of routes, never a path that somebody sent. */
  answered(method: string, route: string, status: number, seconds: number): void
}

/** Of the whole system, whichever API is asked. */
export interface Overview {
  /** Of those that have not ended. */
  readonly executions: Readonly<Record<string, number>>
  /** How long the one that waits for admission longest has waited. */
  readonly oldestWaitMs: number
  /** How many executions may run at a time; 0: as many as want. */
  readonly limit: number
  readonly workers: number
  readonly slots: number
  readonly slotsUsed: number
}

/** However often it is asked, the catalogue is asked once in so long. */
const REMEMBERED_MS = 5000

export function openApiMeters(overview: () => Promise<Overview>, nowMs: () => number): ApiMeters {
  const registry = openRegistry()
  const registers = [registry]
  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({
    name: 'etl_api_requests_total',
    help: 'Requests that were answered.',
    labelNames,
    registers,
  })
  const seconds = new Histogram({
    name: 'etl_api_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route'] as const,
    buckets: DURATIONS,
    registers,
  })
  const known = remembered(overview, nowMs)
  gauge('etl_catalogue_up', 'Whether MySQL answers; 0: what it would tell is left out.', (of) => (of === null ? 0 : 1))
  gauge('etl_admission_oldest_wait_seconds', 'How long the oldest waiting execution has waited.', (of) =>
    of === null ? null : of.oldestWaitMs / 1000,
  )
  gauge('etl_admission_limit', 'Executions that may run at a time; 0: there is no limit.', (of) => of?.limit ?? null)
  gauge('etl_workers', 'Workers that were heard of lately.', (of) => of?.workers ?? null)
  gauge('etl_slots', 'Slots of these workers.', (of) => of?.slots ?? null)
  gauge('etl_slots_used', 'Slots that were in use when they were heard of.', (of) => of?.slotsUsed ?? null)
  new Gauge({
    name: 'etl_executions',
    help: 'Executions that have not ended, by status.',
    labelNames: ['status'] as const,
    registers,
    async collect() {
      this.reset()
      for (const [status, count] of Object.entries((await known())?.executions ?? {})) this.set({ status }, count)
    },
  })
  return {
    exposition: expositionOf(registry),
    answered(method, route, status, took) {
      requests.inc({ method, route, status: String(status) })
      seconds.observe({ method, route }, took)
    },
  }

  function gauge(name: string, help: string, read: (overview: Overview | null) => number | null): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = read(await known())
        if (value === null) this.remove({})
        else this.set(value)
      },
    })
  }
}

/** null: it cannot be had now. Asked by many at once: one question. */
function remembered(overview: () => Promise<Overview>, nowMs: () => number): () => Promise<Overview | null> {
  let last: { readonly answer: Promise<Overview | null>; readonly atMs: number } | null = null
  return () => {
    if (last === null || nowMs() - last.atMs >= REMEMBERED_MS)
      last = { answer: Promise.race([overview().catch(() => null), tooLong()]), atMs: nowMs() }
    return last.answer
  }
}

/** A scrape does not wait for a database that is away. */
function tooLong(): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, 3000, null).unref())
}
