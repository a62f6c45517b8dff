/** Files of a lineage stay few however many epochs it has, through kills, and nothing that is needed goes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openStore } from '../../storage/open-store.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const records = 20_000

test('over 200 epochs and three kills files do not grow, and the sums are right', async () => {
  await withMigratedDatabase(async (mysql) => {
    await setTo(mysql, { 'executor.first_epoch_records': 100, 'executor.max_epoch_records': 100 })
    await setTo(mysql, { 'checkpoint.grace_seconds': 0, 'checkpoint.retained': 2 })
    await withStack(
      { mysql, temporal: temporalAddress() },
      async (stack) => {
        const executionId = await submitSums(stack)
        let most = 0
        for (const epochs of [40, 80, 120, 160]) {
          await until(`${epochs} epochs`, async () => (await stack.execution(executionId)).epochs >= epochs, {
            withinMs: 90_000,
          })
          most = Math.max(most, (await filesOf(stack)).length)
          if (epochs === 160) break
          await stack.killWorker()
          await stack.startWorker()
        }
        const ended = await stack.untilEnded(executionId)
        expect(ended).toMatchObject({ status: 'COMPLETED', records: { read: records, written: 7 } })
        expect(ended.epochs).toBeGreaterThanOrEqual(200)
        expect(most).toBeLessThan(40)
        await staysConsistent(mysql, stack)
      },
      { ETL_HEARTBEAT_TIMEOUT: '2s' },
    )
  })
}, 300_000)

/** What is kept is named by a checkpoint that is not discarded; what is named is there. */
async function staysConsistent(mysql: string, stack: Stack): Promise<void> {
  const marks = (await onServer(
    mysql,
    'SELECT state_discarded AS discarded, COUNT(*) AS held FROM etl_checkpoint GROUP BY 1 ORDER BY 1',
  )) as { discarded: number; held: number }[]
  expect(marks).toMatchObject([
    { discarded: 0, held: 2 },
    { discarded: 1, held: expect.any(Number) },
  ])
  const named = (await onServer(
    mysql,
    'SELECT DISTINCT state_path AS path FROM etl_operator_state WHERE state_path IS NOT NULL',
  )) as { path: string }[]
  // Files go after the final status.
  await until('what nobody needs has gone', async () => (await filesOf(stack)).length <= named.length)
  expect((await filesOf(stack)).sort()).toEqual(named.map(({ path }) => path).sort())
}

async function submitSums(stack: Stack): Promise<string> {
  const lines = Array.from({ length: records }, (_, id) => `${id},${id % 7}`)
  await writeFile(join(stack.files, 'in.csv'), `id,n\n${lines.join('\n')}\n`)
  return await stack.submit({
    name: 'sums',
    checkpoint: { interval: '30s' },
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delay: '100ms' },
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      {
        id: 'sums',
        operator: 'AGGREGATE',
        input: 'in',
        config: { groupBy: ['n'], aggregates: { total: 'sum(id)' } },
      },
      { id: 'out', sink: 'file', input: 'sums', config: { path: 'out', format: 'csv' } },
    ],
  })
}

async function filesOf({ logs: home }: Stack): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of openStore(`file://${home}/storage`).list('lineage/')) keys.push(key)
  return keys
}

async function setTo(mysql: string, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [key, value] of Object.entries(values))
    await onServer(mysql, `UPDATE etl_system_config SET config_value = '${value}' WHERE config_key = '${key}'`)
}
