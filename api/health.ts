/** `/healthz`: the process lives. `/readyz`: MySQL, Temporal and the migrations, each with its state. */
import { Router } from 'express'
import { within } from '../core/within.js'
import type { ApiDeps, Probe } from './deps.js'

export function health(deps: ApiDeps): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const entries = Object.entries(deps.probes).map(async ([name, probe]) => [name, await outcome(probe)] as const)
    const checks = Object.fromEntries(await Promise.all(entries))
    const ready = Object.values(checks).every((check) => check.status === 'ok')
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', checks })
  })
  return router
}

async function outcome(probe: Probe): Promise<{ readonly status: 'ok' | 'failed'; readonly detail: string }> {
  try {
    return { status: 'ok', detail: await within(probe(), 3000, () => new Error('no answer in 3 s')) }
  } catch (error) {
    return { status: 'failed', detail: error instanceof Error ? error.message : String(error) }
  }
}
