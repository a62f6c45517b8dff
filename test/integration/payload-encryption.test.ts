/** What crosses Temporal, encrypted: the raw history shows no id that crossed, and old and new histories are read side by side. */
import { expect, test } from '@jest/globals'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { withStack } from '../support/stack.js'
import { historiesOf } from '../support/traces.js'
import { until } from '../support/until.js'

const job = (name: string, schedule?: object) => ({
  name,
  checkpoint: { interval: '1s' },
  ...(schedule === undefined ? {} : { schedule }),
  nodes: [
    {
      id: 'planted-node',
      source: 'generator',
      config: { rows: 3000, rowsPerSecond: 1000, columns: { n: { kind: 'SEQUENCE' } } },
    },
    { id: 'out', sink: 'blackhole', input: 'planted-node', config: {} },
  ],
})

/** Whatever is wrong with it is told with its value. */
const PLANTED = 'IBAN-DE44-5001-0517'
const badRecords = {
  name: 'bad-records',
  restart: { strategy: 'FIXED_DELAY', maxRestarts: 1, delay: '100ms' },
  nodes: [
    {
      id: 'in',
      source: 'generator',
      config: { rows: 10, columns: { iban: { kind: 'CHOICE', of: [PLANTED] } } },
    },
    { id: 'number', operator: 'MAP', input: 'in', config: { set: { n: 'cast(iban AS INTEGER)' } } },
    { id: 'out', sink: 'blackhole', input: 'number', config: {} },
  ],
}

test('jobs run, pause, and are started by schedules with encrypted payloads; the raw history holds none in the clear', async () => {
  await withMigratedDatabase(async (mysql) => {
    const encrypted = { ETL_TEMPORAL_ENCRYPTION: 'true' }
    await withStack(
      { mysql, temporal: temporalAddress() },
      async (stack) => {
        const executionId = await stack.submit(job('once'))
        await until('it is at work', async () => (await stack.execution(executionId)).epochs >= 1, {
          withinMs: 90_000,
        })
        expect((await stack.request('POST', `/api/v1/executions/${executionId}/pause`, {})).status).toBeLessThan(300)
        expect((await stack.request('POST', `/api/v1/executions/${executionId}/resume`, {})).status).toBeLessThan(300)
        expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'COMPLETED', records: { read: 3000 } })
        await stack.request(
          'POST',
          '/api/v1/jobs',
          job('often', { type: 'CRON', cron: '* * * * * ?', timezone: 'UTC' }),
        )
        await until(
          'a schedule has started one that completed',
          async () => {
            const { body } = await stack.request<{ items: { jobName: string }[] }>(
              'GET',
              '/api/v1/executions?status=COMPLETED',
            )
            return body.items.some(({ jobName }) => jobName === 'often')
          },
          { withinMs: 120_000 },
        )

        const failed = await stack.untilEnded(await stack.submit(badRecords))
        expect(failed).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining(PLANTED) } })

        const histories = await historiesOf(stack)
        expect(histories).toContain('runOperatorChain')
        expect(histories).toContain('binary/encrypted')
        expect(histories).not.toContain(PLANTED)
        // In the clear stay names of workflows and activities, search attributes, and when local activities ran.
        expect(histories).not.toMatch(/planted-node|generation|"fence"|\\"executionId/)
      },
      encrypted,
    )
  })
}, 240_000)
