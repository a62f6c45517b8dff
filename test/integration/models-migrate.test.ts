import { describe, expect, test } from '@jest/globals'
import { openDatabase } from '../../models/database.js'
import { migrate } from '../../models/migrate.js'
import { printSchema } from '../../models/print-schema.js'
import { MIGRATIONS } from '../../models/schema/migrations.js'
import { addMonths, partitionsOf } from '../../models/schema/partition-upkeep.js'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'

/** The tables of the design document with every column that it names, and those that this system adds. */
const DESIGNED: Readonly<Record<string, readonly string[]>> = {
  etl_job: [
    'job_id',
    'job_type',
    'job_status',
    'job_graph_id',
    'config',
    'restart_strategy',
    'is_deleted',
    'create_time',
  ],
  etl_job_execution: [
    'execution_id',
    'job_id',
    'execution_status',
    'start_time',
    'records_read',
    'records_side_read',
    'records_processed',
    'records_written',
    'records_filtered',
    'records_failed',
    'records_late',
    'duration_ms',
    'last_checkpoint_id',
    'metrics',
  ],
  etl_job_schedule: [
    'schedule_type',
    'cron_expression',
    'dependency_job_ids',
    'priority',
    'max_concurrent_runs',
    'next_fire_time',
    'fire_count',
  ],
  etl_stream_graph: ['graph_id', 'graph_json', 'node_count', 'edge_count'],
  etl_job_graph: ['stream_graph_id', 'vertex_count', 'optimization_info'],
  etl_graph_node: [
    'node_type',
    'operator_type',
    'is_chained',
    'chain_head_id',
    'chain_position',
    'parallelism',
    'config',
  ],
  etl_graph_edge: ['edge_type', 'partition_strategy'],
  etl_connector: ['connector_type', 'connector_class', 'support_source', 'support_sink', 'config_schema', 'is_builtin'],
  etl_connector_config: ['usage_type', 'connection_config', 'extra_config'],
  etl_checkpoint: [
    'checkpoint_type',
    'checkpoint_status',
    'state_size_bytes',
    'checkpoint_path',
    'job_id',
    'trigger_time',
  ],
  etl_operator_state: ['state_type', 'state_name', 'state_path', 'checkpoint_id'],
  etl_job_metrics: [
    'records_read_total',
    'records_processed_total',
    'records_written_total',
    'records_read_rate',
    'records_processed_rate',
    'records_written_rate',
    'backpressure_count',
    'cpu_usage_percent',
    'memory_usage_bytes',
    'metric_time',
  ],
  etl_operator_metrics: [
    'records_in',
    'records_out',
    'subtask_count',
    'records_busiest_subtask',
    'processing_time_ms',
    'backpressure_time_ms',
    'metric_time',
  ],
  etl_system_config: ['config_type', 'config_group', 'is_encrypted', 'is_readonly', 'update_time'],
  etl_alert_rule: ['rule_type', 'condition_operator', 'threshold_value', 'alert_level'],
  etl_alert_history: ['current_value', 'threshold_value', 'is_resolved', 'notification_status'],
  etl_user: ['role', 'status', 'last_login_time'],
  etl_operation_log: [
    'operation_type',
    'resource_type',
    'resource_id',
    'request_params',
    'operation_status',
    'operation_time',
  ],
  etl_lineage: ['lineage_id', 'owner_execution_id', 'generation'],
  etl_job_version: ['job_id', 'job_version', 'spec', 'job_graph'],
  etl_execution_event: ['event_type', 'message'],
  etl_dead_letter: ['original_record', 'source_position', 'operator_id', 'error_code'],
  etl_trigger_event: ['event_id', 'event_type'],
  etl_api_token: ['token_hash'],
  etl_secret: ['secret_name', 'secret_value'],
  etl_idempotency_key: ['idempotency_key'],
  etl_worker: ['worker_id', 'heartbeat_time'],
  etl_alert_silence: ['start_time', 'end_time'],
}

const DESIGNED_INDEXES = {
  'etl_job_execution.idx_job_status_time': 'job_id,execution_status,start_time',
  'etl_job_metrics.idx_job_exec_time': 'job_id,execution_id,metric_time',
  'etl_checkpoint.idx_job_status_trigger': 'job_id,checkpoint_status,trigger_time',
}

describe('the schema of the catalogue', () => {
  test('has every table and column of the design, an auto-increment id, InnoDB, utf8mb4 and a comment', async () => {
    await withMigratedDatabase(async (url) => {
      const there = await columnsOf(url)
      const missing = Object.entries(DESIGNED).flatMap(([table, columns]) =>
        columns.filter((column) => !there.has(`${table}.${column}`)).map((column) => `${table}.${column}`),
      )
      expect(missing).toEqual([])
      const tables = await rows(
        url,
        `SELECT t.TABLE_NAME AS name, t.ENGINE AS engine, t.TABLE_COLLATION AS collation, t.TABLE_COMMENT AS comment, c.EXTRA AS extra
         FROM information_schema.TABLES t
         JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.COLUMN_NAME = 'id'
         WHERE t.TABLE_SCHEMA = DATABASE()`,
      )
      expect(tables.map((table) => table.name)).toEqual(expect.arrayContaining(Object.keys(DESIGNED)))
      for (const table of tables) {
        expect(table).toMatchObject({ engine: 'InnoDB', collation: 'utf8mb4_unicode_ci', extra: 'auto_increment' })
        expect(table.comment).not.toBe('')
      }
    })
  })

  test('has the composite indexes of the design under their names', async () => {
    await withMigratedDatabase(async (url) => {
      const found = await rows(
        url,
        `SELECT CONCAT(TABLE_NAME, '.', INDEX_NAME) AS name, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) AS columns_
         FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME`,
      )
      const byName = Object.fromEntries(found.map((index) => [index.name, index.columns_]))
      expect(byName).toMatchObject(DESIGNED_INDEXES)
    })
  })

  test('begins with settings of every group', async () => {
    await withMigratedDatabase(async (url) => {
      const groups = await rows(url, 'SELECT DISTINCT config_group AS name FROM etl_system_config')
      expect(groups.map((group) => group.name)).toEqual(expect.arrayContaining(['executor', 'checkpoint', 'metrics']))
      const [limit] = await rows(url, "SELECT * FROM etl_system_config WHERE config_key = 'executor.max_epoch_records'")
      expect(limit).toMatchObject({ config_value: '5000000', config_type: 'INT', is_encrypted: 0, is_readonly: 0 })
    })
  })
})

describe('migrate', () => {
  test('makes the database if it is missing, does nothing the second time, and keeps a setting that was changed', async () => {
    await withDatabase(async (url) => {
      await onServer(url, `DROP DATABASE ${databaseOf(url)}`)
      expect((await migrate(url)).applied).toEqual(MIGRATIONS.map((step) => step.name))
      await onServer(
        url,
        "UPDATE etl_system_config SET config_value = '7' WHERE config_key = 'executor.max_epoch_records'",
      )
      expect((await migrate(url)).applied).toEqual([])
      const [limit] = await rows(
        url,
        "SELECT config_value FROM etl_system_config WHERE config_key = 'executor.max_epoch_records'",
      )
      expect(limit?.config_value).toBe('7')
    })
  })

  test('run twice at once applies each step once', async () => {
    await withDatabase(async (url) => {
      const both = await Promise.all([migrate(url), migrate(url)])
      expect(both.flatMap(({ applied }) => applied).sort()).toEqual(MIGRATIONS.map((step) => step.name))
    })
  })

  test('goes on from where a migration died', async () => {
    await withDatabase(async (url) => {
      await migrate(url)
      await onServer(url, "DELETE FROM etl_schema_migration WHERE migration_name >= '0005'; DROP TABLE etl_user")
      expect((await migrate(url)).applied[0]).toBe('0005-checkpoints')
      expect(await rows(url, 'SELECT COUNT(*) AS users FROM etl_user')).toEqual([{ users: 0 }])
    })
  })

  test('refuses a database that a newer version has migrated, and says so in ping', async () => {
    await withMigratedDatabase(async (url) => {
      await onServer(url, "INSERT INTO etl_schema_migration (migration_name) VALUES ('9999-from-the-future')")
      await expect(migrate(url)).rejects.toMatchObject({
        code: 'schema.newer',
        message: expect.stringContaining('9999'),
      })
      const database = await openDatabase(url)
      expect(await database.ping()).toMatchObject({ reachable: true, migrations: 'NEWER' })
      await database.close()
    })
  })

  test('says mysql.away when no server answers', async () => {
    await expect(migrate('mysql://root@127.0.0.1:1/x')).rejects.toMatchObject({ code: 'mysql.away' })
  })
})

describe('the printed schema', () => {
  test('loads twice into a selected database and equals the migrated one', async () => {
    await withMigratedDatabase(async (migrated) => {
      await withDatabase(async (printed) => {
        await onServer(printed, printSchema())
        await onServer(printed, printSchema())
        expect(await describeSchema(printed)).toEqual(await describeSchema(migrated))
        expect((await migrate(printed)).applied).toEqual([])
      })
    })
  })
})

describe('monthly partitions', () => {
  const march = new Date('2026-03-15T00:00:00Z')

  test('start with the month of the migration and those that follow', async () => {
    await withDatabase(async (url) => {
      await migrate(url, { at: march })
      for (const table of ['etl_job_metrics', 'etl_operator_metrics', 'etl_operation_log'] as const)
        expect(await partitionsOf((sql) => onServer(url, sql), table)).toEqual([
          'p202603',
          'p202604',
          'p202605',
          'p202606',
        ])
    })
  })

  test('are added by a later migration out of p_future, whose rows find their month', async () => {
    await withDatabase(async (url) => {
      await migrate(url, { at: march })
      await onServer(
        url,
        "INSERT INTO etl_job_metrics (job_id, execution_id, metric_time) VALUES ('j', 'e', '2026-08-31 23:59:59.999')",
      )
      await migrate(url, { at: new Date('2026-08-01T00:00:00Z') })
      expect(await rows(url, 'SELECT job_id FROM etl_job_metrics PARTITION (p202608)')).toEqual([{ job_id: 'j' }])
      expect(await addMonths((sql) => onServer(url, sql), new Date('2026-08-31T23:59:59Z'))).toEqual([])
    })
  })

  test('that nobody has made for a while are made one by one, and rows find theirs', async () => {
    await withDatabase(async (url) => {
      await migrate(url, { at: march })
      await onServer(
        url,
        "INSERT INTO etl_job_metrics (job_id, execution_id, metric_time) VALUES ('j', 'e', '2026-08-31'), ('k', 'e', '2026-10-02')",
      )
      await addMonths((sql) => onServer(url, sql), new Date('2026-11-05T00:00:00Z'), 1)
      expect(await rows(url, 'SELECT job_id FROM etl_job_metrics PARTITION (p202608)')).toEqual([{ job_id: 'j' }])
      expect(await rows(url, 'SELECT job_id FROM etl_job_metrics PARTITION (p202610)')).toEqual([{ job_id: 'k' }])
      expect((await partitionsOf((sql) => onServer(url, sql), 'etl_job_metrics')).at(-1)).toBe('p202612')
    })
  })
})

type Rows = Record<string, unknown>[]

async function rows(url: string, sql: string): Promise<Rows> {
  return (await onServer(url, sql)) as Rows
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

async function columnsOf(url: string): Promise<Set<string>> {
  const found = await rows(
    url,
    "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()",
  )
  return new Set(found.map((column) => String(column.name)))
}

/** SHOW CREATE TABLE of each table, without counters that come from use, and the initial rows. */
async function describeSchema(url: string): Promise<unknown> {
  const tables = await rows(
    url,
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1',
  )
  const created = []
  for (const { name } of tables) {
    const [row] = await rows(url, `SHOW CREATE TABLE ${String(name)}`)
    created.push(String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''))
  }
  const settings = await rows(
    url,
    'SELECT config_key, config_value, config_type, config_group FROM etl_system_config ORDER BY config_key',
  )
  const steps = await rows(url, 'SELECT migration_name FROM etl_schema_migration ORDER BY migration_name')
  return { created, settings, steps }
}
