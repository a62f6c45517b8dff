/** A backup is whole or refused, and what is restored is what there was. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { backUp } from '../../activities/backup/back-up.js'
import { openPlace } from '../../activities/backup/place.js'
import { restoreBackup, verifyBackup } from '../../activities/backup/restore.js'
import { connectorRecords } from '../../api/bootstrap.js'
import { connectors } from '../../connectors/index.js'
import { backupsToRemove } from '../../core/maintenance/backup-manifest.js'
import { openDatabase } from '../../models/database.js'
import { HISTORY_TABLES, KEPT_TABLES, PASSING_TABLES } from '../../models/stores/backup/backup-tables.js'
import { seedConnectors } from '../../models/stores/connector-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { secretStore } from '../../models/stores/secret-store.js'
import { openStore } from '../../storage/open-store.js'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const secretKey = randomBytes(32).toString('base64')
const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))

test('every table of the catalogue has its place in a backup', async () => {
  await withMigratedDatabase(async (url) => {
    const rows = (await onServer(
      url,
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'etl%'",
    )) as { name: string }[]
    const placed = new Set([...Object.keys(KEPT_TABLES), ...Object.keys(HISTORY_TABLES), ...PASSING_TABLES])
    expect(rows.map(({ name }) => name).sort()).toEqual([...placed].sort())
  })
})

test('the newest backups are kept, and what was broken off before them goes', () => {
  const of = (name: string, isWhole = true) => ({ name, isWhole })
  expect(backupsToRemove([of('c'), of('a'), of('b'), of('d', false), of('a2', false)], 2)).toEqual(['a', 'a2'])
  expect(backupsToRemove([of('a')], 0)).toEqual([])
})

describe('a backup', () => {
  for (const keys of [null, secretKey])
    test(`gives back rows, secrets and files as they were, ${keys === null ? 'in the open' : 'encrypted'}`, async () => {
      await withBackup(keys, async ({ url, folder, place, name }) => {
        const text = await contentsOf(join(folder, 'backups', name))
        expect(text.includes('delayed-flights')).toBe(false) // rows are gzipped
        expect(text.includes('state of the job')).toBe(keys === null)
        await withDatabase(async (restored) => {
          const store = openStore(pathToFileURL(join(folder, 'other')).href)
          const wish = {
            mysqlUrl: restored,
            store,
            scratch: folder,
            from: place,
            keys: [secretKey],
            secretKey,
            withoutKeys: false,
            log: () => undefined,
          }
          await restoreBackup({ ...wish, force: false })
          expect(await rowsOf(restored)).toEqual(await rowsOf(url))
          expect(await store.text('lineage/l/state/v/0/x.parquet')).toBe('state of the job')
          const database = await openDatabase(restored)
          expect(await secretStore(database, secretKey).resolve('PASSWORD')).toBe('täst "quoted"\n')
          await database.close()
          await expect(restoreBackup({ ...wish, force: false })).rejects.toMatchObject({ code: 'conflict' })
          await restoreBackup({ ...wish, force: true })
          expect(await rowsOf(restored)).toEqual(await rowsOf(url))
        })
      })
    }, 60_000)

  test('whose secrets the key of now does not open is refused, unless they are given up; its folder may have another name', async () => {
    await withBackup(null, async ({ url, folder, name }) => {
      const from = join(folder, 'of-yesterday')
      await cp(join(folder, 'backups', name), from, { recursive: true })
      await withDatabase(async (restored) => {
        const log: string[] = []
        const wish = {
          mysqlUrl: restored,
          store: openStore(pathToFileURL(join(folder, 'other')).href),
          scratch: folder,
          from,
          keys: [],
          secretKey: randomBytes(32).toString('base64'),
          force: false,
          log: (line: string) => log.push(line),
        }
        const refused = restoreBackup({ ...wish, withoutKeys: false })
        await expect(refused).rejects.toMatchObject({
          code: 'environment.invalid',
          hint: expect.stringContaining('--without-keys'),
        })
        expect(await onServer(restored, 'SHOW TABLES')).toEqual([])
        await restoreBackup({ ...wish, withoutKeys: true })
        expect(log.join()).toMatch(/have to be set anew/)
        expect(await rowsOf(restored)).toEqual(await rowsOf(url))
        const both = { ...wish, secretKey: `${wish.secretKey},${secretKey}`, force: true, withoutKeys: false }
        await restoreBackup(both)
      })
    })
  }, 60_000)

  test('that is damaged, swapped, or of another key is refused, and nothing is restored', async () => {
    await withBackup(secretKey, async ({ folder, place, name }) => {
      const verify = (keys: readonly string[]) => verifyBackup({ from: place, keys, scratch: folder })
      await verify([secretKey])
      await expect(verify([randomBytes(32).toString('base64')])).rejects.toMatchObject({ code: 'environment.invalid' })
      const part = join(folder, 'backups', name, 'rows', 'etl_job.jsonl.gz')
      const whole = await readFile(part)
      await appendFile(part, 'x')
      await expect(verify([secretKey])).rejects.toMatchObject({ code: 'backup.damaged' })
      await writeFile(part, whole)
      const manifest = join(folder, 'backups', name, 'manifest.json')
      const said = await readFile(manifest, 'utf8')
      await writeFile(manifest, said.replace('"rows":1', '"rows":2'))
      await expect(verify([secretKey])).rejects.toMatchObject({ code: 'backup.damaged' })
      await writeFile(manifest, said.replace('0017-house', '9999-later'))
      await withDatabase(async (mysqlUrl) => {
        const wish = {
          mysqlUrl,
          store: openPlace(folder),
          scratch: folder,
          from: place,
          secretKey,
          force: false,
          withoutKeys: false,
          log: () => undefined,
        }
        await expect(restoreBackup({ ...wish, keys: [secretKey] })).rejects.toMatchObject({ code: 'backup.damaged' })
        expect(await onServer(mysqlUrl, 'SHOW TABLES')).toEqual([])
      })
      await rm(manifest)
      await expect(verify([secretKey])).rejects.toMatchObject({ code: 'not.found' })
    })
  }, 60_000)
})

/** The drill of docs/operations/backup.md. */
test('after a restore into an empty database and store, a job that was stopped mid-way completes, exactly, and schedules fire again', async () => {
  const records = 6000
  const shared = await mkdtemp(join(tmpdir(), 'etl-drill-'))
  const files = join(shared, 'files')
  const env = { ETL_FILE_ROOTS: files, ETL_HEARTBEAT_TIMEOUT: '2s' }
  await mkdir(files)
  const lines = Array.from({ length: records }, (_, id) => `${id},${id % 7}`)
  await writeFile(join(files, 'in.csv'), `id,n\n${lines.join('\n')}\n`)
  const temporal = temporalAddress()
  try {
    await withDatabase(async (target) => {
      await withMigratedDatabase(async (lost) => {
        await onServer(
          lost,
          "UPDATE etl_system_config SET config_value = '200' WHERE config_key IN ('executor.first_epoch_records', 'executor.max_epoch_records')",
        )
        const made = await withStack(
          { mysql: lost, temporal },
          async (stack) => {
            const executionId = await submitCopy(stack, target)
            expect((await stack.request('POST', '/api/v1/jobs', often)).status).toBe(201)
            await until('some epochs', async () => (await stack.execution(executionId)).epochs >= 5)
            await stack.killWorker()
            const backup = await etl(stack, lost, ['backup', '--to', join(shared, 'backups'), '--encrypt'])
            return { executionId, backup: String(backup.backup) }
          },
          env,
        )
        expect(
          Number(((await onServer(target, 'SELECT COUNT(*) AS held FROM copied')) as { held: number }[])[0]?.held),
        ).toBeLessThan(records)
        await withDatabase(async (found) => {
          const storage = { ETL_STORAGE_URL: pathToFileURL(join(shared, 'storage')).href }
          await etl({ logs: shared }, found, ['restore', made.backup], storage)
          const audit = 'SELECT operation_type AS type, username, chain_sequence AS sequence FROM etl_operation_log'
          expect(await onServer(found, audit)).toEqual([
            { type: 'RESTORE', username: expect.stringMatching(/^os:./), sequence: 1 },
          ])
          await withStack(
            { mysql: found, temporal },
            async (stack) => {
              expect(stack.token()).toBeTruthy()
              const backAt = Date.now()
              const ended = await stack.untilEnded(made.executionId)
              expect(ended).toMatchObject({ status: 'FAILED', error: { code: 'workflow.lost' } })
              const again = await stack.request('POST', `/api/v1/executions/${made.executionId}/restart`, {})
              expect(again.status).toBe(202)
              const done = await stack.untilEnded(again.body.executionId ?? '')
              expect(done).toMatchObject({ status: 'COMPLETED', error: null })
              expect(
                await onServer(
                  target,
                  'SELECT COUNT(*) AS held, COUNT(DISTINCT id) AS ids, SUM(id) AS total FROM copied',
                ),
              ).toEqual([{ held: records, ids: records, total: String((records * (records - 1)) / 2) }])
              await until('the schedule fires again', async () => (await firesSince(found, backAt)) > 0)
            },
            { ...env, ...storage },
          )
        })
      })
    })
  } finally {
    await rm(shared, { recursive: true, force: true })
  }
}, 240_000)

/** Once begun it is done within moments. */
const often = {
  name: 'often',
  delivery: 'AT_LEAST_ONCE',
  overlap: 'SKIP',
  schedule: { type: 'CRON', cron: '0/5 * * * * ?', catchUp: 'NONE' },
  nodes: [
    { id: 'made', source: 'generator', config: { rows: 1, columns: { id: 'n' } } },
    { id: 'out', sink: 'blackhole', input: 'made' },
  ],
}

async function firesSince(catalogue: string, atMs: number): Promise<number> {
  const since = new Date(atMs).toISOString().slice(0, 23).replace('T', ' ')
  const rows = await onServer(
    catalogue,
    `SELECT COUNT(*) AS fires FROM etl_job_execution
      WHERE trigger_type = 'CRON' AND execution_status = 'COMPLETED' AND logical_time > '${since}'`,
  )
  return Number((rows as { fires: string }[])[0]?.fires)
}

async function submitCopy(stack: Stack, target: string): Promise<string> {
  await stack.request('POST', '/api/v1/connections', { name: 'target', connector: 'jdbc', config: { url: target } })
  return await stack.submit({
    name: 'copy',
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delay: '100ms' },
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'out', sink: 'jdbc', input: 'in', config: { connection: 'target', table: 'copied', createTable: true } },
    ],
  })
}

async function etl(
  { logs }: Pick<Stack, 'logs'>,
  mysql: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Promise<Record<string, unknown>> {
  const env = {
    ...{ ...process.env, NODE_OPTIONS: '', ETL_HOME: logs, ETL_MYSQL_URL: mysql },
    ...{ ETL_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'), ...extra },
  }
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...args, '--json'], { env })
  return JSON.parse(stdout) as Record<string, unknown>
}

interface Backup {
  readonly url: string
  readonly folder: string
  readonly name: string
  readonly place: string
}

async function withBackup(keys: string | null, run: (backup: Backup) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-backup-'))
  try {
    await withMigratedDatabase(async (url) => {
      const database = await openDatabase(url)
      try {
        await seedConnectors(database, connectorRecords(connectors))
        await jobStore(database, jobSecrets).save(sampleJob())
        await secretStore(database, secretKey).set({
          name: 'PASSWORD',
          value: 'täst "quoted"\n',
          description: null,
          by: 'me',
        })
      } finally {
        await database.close()
      }
      await onServer(url, ODD_ROWS)
      const store = openStore(pathToFileURL(join(folder, 'store')).href)
      await store.putText('lineage/l/state/v/0/x.parquet', 'state of the job')
      const { name } = await backUp({
        ...{ mysqlUrl: url, store, scratch: folder, target: openPlace(join(folder, 'backups')) },
        ...{ keys, history: true, now: Date.now, signal: new AbortController().signal },
      })
      await run({ url, folder, name, place: join(folder, 'backups', name) })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Numbers beyond a double, times to the millisecond, texts with everything in them. */
const ODD_ROWS = `
  INSERT INTO etl_lineage (lineage_id, job_id, generation) VALUES ('l', 'j', 0);
  INSERT INTO etl_operator_state (state_id, checkpoint_id, job_id, execution_id, operator_id, state_name, state_type, state_path, state_value, record_count)
    VALUES ('s', 'c', 'j', 'e', 'o', 's', 'MAP', 'lineage/l/state/v/0/x.parquet', '{"b": 1, "a": "\\\\n"}', 9007199254740993);
  INSERT INTO etl_job_metrics (job_id, execution_id, metric_time, records_read_rate) VALUES ('j', 'e', '2026-11-28 12:00:00.123', 0.1), ('j', 'e', '2026-11-28', 1e300);
  INSERT INTO etl_dead_letter (dead_letter_id, job_id, job_version, execution_id, lineage_id, epoch, operator_id, original_record, error_code, error_message, source_position)
    VALUES ('d', 'j', 1, 'e', 'l', 1, 'o', 'a,"b"\\n\\0é😀', 'c', '', '{"line": 7}');
  INSERT INTO etl_alert_history (alert_id, rule_id, rule_name, rule_type, alert_level, alert_message, fingerprint, trigger_time, last_trigger_time)
    VALUES ('a', 'r', 'r', 'T', 'INFO', 'm', 'f', '2026-11-28', '2026-11-28')`

async function rowsOf(url: string): Promise<unknown> {
  const rows: Record<string, unknown> = {}
  for (const table of new Set([...Object.keys(KEPT_TABLES), ...Object.keys(HISTORY_TABLES)])) {
    const all = (await onServer(url, `SELECT * FROM ${table} ORDER BY 2`)) as Record<string, unknown>[]
    rows[table] = all.map(({ id: _id, ...row }) => row)
  }
  return rows
}

async function contentsOf(folder: string): Promise<string> {
  let all = ''
  for await (const { key } of openPlace(folder).list('')) all += await readFile(join(folder, key), 'latin1')
  return all
}
