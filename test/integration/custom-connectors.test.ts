/** A connector of one's own on a server: registered while everything runs, and read by workers that had never heard of it. */
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { withStack } from '../support/stack.js'

const examples = fileURLToPath(new URL('../../examples/connectors', import.meta.url))

const spec = {
  name: 'dates',
  parallelism: 2,
  restart: { strategy: 'NONE' },
  nodes: [
    { id: 'days', source: 'calendar', config: { from: '2026-01-01', to: '2026-12-31' } },
    { id: 'dates', sink: 'file', input: 'days', config: { path: 'dates', format: 'csv' } },
  ],
}

test('a job reads from a connector that was registered after the workers had started', async () => {
  const path = await mkdtemp(join(tmpdir(), 'etl-connectors-'))
  try {
    await cp(examples, path, { recursive: true })
    await withMigratedDatabase(async (mysql) => {
      await withStack(
        { mysql, temporal: temporalAddress() },
        async (stack) => {
          const ask = (method: string, at: string, body?: unknown) => stack.request(method, `/api/v1${at}`, body)
          expect((await ask('POST', '/jobs', spec)).status).toBe(422)
          expect((await ask('POST', '/connectors', { class: 'calendar.mjs#calendar' })).status).toBe(201)
          const { body } = await ask('POST', '/jobs', spec)
          const started = await ask('POST', `/jobs/${body.jobId}/executions`, {})
          const report = await stack.untilEnded(String(started.body.executionId))
          expect(report).toMatchObject({ status: 'COMPLETED', records: { read: 365, written: 365 } })
          const folder = join(stack.files, 'dates')
          const parts = (await readdir(folder)).filter((name) => name.endsWith('.csv'))
          const lines = await Promise.all(
            parts.map(async (name) => (await readFile(join(folder, name), 'utf8')).trim()),
          )
          const days = lines.flatMap((text) => text.split('\n').slice(1)).map((line) => line.split(',')[0])
          expect(new Set(days).size).toBe(365)

          await ask('PUT', '/connectors/calendar', { enabled: false, version: 1 })
          // What the catalogue said is believed for three seconds.
          await new Promise((resolve) => setTimeout(resolve, 3_500))
          const again = await ask('POST', `/jobs/${body.jobId}/executions`, {})
          expect(await stack.untilEnded(String(again.body.executionId))).toMatchObject({
            status: 'FAILED',
            error: { code: 'connector.unavailable', message: 'The connector calendar is disabled.' },
          })
        },
        { ETL_CONNECTOR_PATH: path },
      )
    })
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}, 180_000)
