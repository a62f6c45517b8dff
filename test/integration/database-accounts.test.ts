/** The accounts of docs/operations/hardening.md, made by its own statements: enough for a whole job and the maintenance, and no more. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { migrate } from '../../models/migrate.js'
import { onServer, withDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

test('the account of migrations migrates, that of the application runs a job and the maintenance, and cannot change the schema', async () => {
  await withDatabase(async (server) => {
    const database = new URL(server).pathname.slice(1)
    const mark = randomBytes(4).toString('hex')
    const [migrating, running] = [`migrate_${mark}`, `app_${mark}`]
    try {
      // The tables of the single grants need not be there yet.
      await onServer(server, await statements(database, migrating, running))
      await migrate(as(server, migrating), { at: new Date('2025-06-15T00:00:00Z') })
      await expect(migrate(as(server, running))).rejects.toMatchObject({ code: 'connection.denied' })
      await onServer(
        server,
        `INSERT INTO etl_job_metrics (job_id, execution_id, metric_time) VALUES ('j', 'e', '2025-06-20');
         UPDATE etl_system_config SET config_value = 'TABLE' WHERE config_key = 'retention.archive'`,
      )
      await withStack({ mysql: as(server, running), temporal: temporalAddress() }, async (stack) => {
        const report = await stack.untilEnded(await stack.submit(job(server)))
        expect(report).toMatchObject({ status: 'COMPLETED', records: { written: 100 } })
        const months = await partitions(server)
        const maintained = await maintain(stack)
        expect(maintained.tasks.filter(({ status }) => status !== 'DONE')).toEqual([])
        expect(
          maintained.tasks.flatMap(({ warnings }) => warnings).filter((line) => /denied|permission/i.test(line)),
        ).toEqual([])
        expect(await partitions(server)).not.toEqual(months)
        const archived = await onServer(server, 'SELECT job_id FROM etl_job_metrics_archive')
        expect(archived).toEqual([{ job_id: 'j' }])
      })
      for (const forbidden of FORBIDDEN) {
        await expect(onServer(as(server, running), forbidden)).rejects.toThrow(/denied|need .* privilege/i)
      }
    } finally {
      await onServer(
        server,
        accounts([migrating, running])
          .map((one) => `DROP USER IF EXISTS ${one}`)
          .join('; '),
      )
    }
  })
}, 240_000)

const FORBIDDEN = [
  'DROP TABLE etl_job',
  'ALTER TABLE etl_user ADD COLUMN back_door INT',
  'CREATE TABLE own (n INT)',
  'TRUNCATE TABLE etl_execution_event',
  'DROP TABLE etl_operation_log_archive',
  'CREATE USER somebody',
  'GRANT SELECT ON mysql.* TO CURRENT_USER()',
  'SELECT * FROM mysql.user',
]

/** As the page says, with another database, other names, and no password; for this machine by name too. */
async function statements(database: string, migrating: string, running: string): Promise<string> {
  const page = await readFile(new URL('../../docs/operations/hardening.md', import.meta.url), 'utf8')
  const sql = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const named = sql
    .replaceAll('etl_framework', database)
    .replaceAll("'etl_migrate'", `'${migrating}'`)
    .replaceAll("'etl_app'", `'${running}'`)
    .replaceAll(/password of \w+/g, 'word')
  expect(named).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.* TO '${running}'@'%'`)
  return named + named.replaceAll("'@'%'", "'@'localhost'")
}

const accounts = (names: readonly string[]) => names.flatMap((name) => [`'${name}'@'%'`, `'${name}'@'localhost'`])

function as(url: string, user: string): string {
  const own = new URL(url)
  own.username = user
  own.password = 'word'
  return own.href
}

async function partitions(url: string): Promise<unknown> {
  return await onServer(
    url,
    `SELECT table_name AS t, partition_name AS p FROM information_schema.partitions
      WHERE table_schema = DATABASE() AND partition_name IS NOT NULL ORDER BY 1, 2`,
  )
}

async function maintain(stack: Stack) {
  type Run = {
    runId: string
    status: string
    tasks: { task: string; status: string; error: string | null; warnings: string[] }[]
  }
  const { body } = await stack.request<Run>('POST', '/api/v1/maintenance/run', {})
  return await until(
    'the maintenance is through',
    async () => {
      const { body: run } = await stack.request<Run>('GET', `/api/v1/maintenance/runs/${body.runId}`)
      return run.status === 'RUNNING' ? null : run
    },
    { withinMs: 120_000 },
  )
}

function job(target: string) {
  const columns = { n: { kind: 'SEQUENCE' } }
  return {
    name: 'numbers',
    nodes: [
      { id: 'in', source: 'generator', config: { rows: 100, columns } },
      {
        id: 'out',
        sink: 'jdbc',
        input: 'in',
        config: { connection: { url: target }, table: 'numbers', createTable: true },
      },
    ],
  }
}
