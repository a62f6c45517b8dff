import { describe, expect, test } from '@jest/globals'
import { type Database, openDatabase } from '../../models/database.js'
import { connectorStore, seedConnectors } from '../../models/stores/connector-store.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { mysqlJournal } from '../../models/stores/journal.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

describe('a job', () => {
  test('is stored with its version, both graphs, and each node and edge in a row', async () => {
    await withCatalogue(async (database, url) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId, version, isNew } = await jobs.save(sampleJob())
      expect({ version, isNew }).toEqual({ version: 1, isNew: true })
      const job = await jobs.get(jobId)
      expect(job).toMatchObject({
        name: 'delayed-flights',
        type: 'BATCH',
        status: 'CREATED',
        version: 1,
        tags: ['demo'],
      })
      expect(JSON.stringify(job.spec)).toBe(JSON.stringify(sampleJob().spec))
      expect(await jobs.graph(jobId)).toEqual(sampleJob().graph)

      const nodes = (await onServer(url, 'SELECT * FROM etl_graph_node ORDER BY id')) as Record<string, unknown>[]
      expect(nodes).toMatchObject([
        {
          node_id: 'flights',
          node_type: 'SOURCE',
          connector_name: 'file',
          is_chained: 1,
          chain_head_id: 'flights',
          chain_position: 0,
        },
        { node_id: 'airports', node_type: 'SOURCE', is_chained: 0, chain_head_id: 'airports', chain_position: 0 },
        {
          node_id: 'delayed',
          node_type: 'OPERATOR',
          operator_type: 'JOIN',
          is_chained: 1,
          chain_head_id: 'flights',
          chain_position: 1,
        },
        {
          node_id: 'warehouse',
          node_type: 'SINK',
          connector_name: 'jdbc',
          chain_head_id: 'flights',
          chain_position: 2,
        },
      ])
      const edges = (await onServer(url, 'SELECT * FROM etl_graph_edge WHERE is_chained = 0')) as Record<
        string,
        unknown
      >[]
      expect(edges).toMatchObject([{ edge_type: 'BROADCAST', chain_rule: 'NOT_FORWARD', is_blocking: 1 }])
      const [graphs] = (await onServer(
        url,
        `SELECT s.node_count, s.edge_count, g.vertex_count, j.restart_strategy FROM etl_job j
         JOIN etl_job_graph g ON g.graph_id = j.job_graph_id JOIN etl_stream_graph s ON s.graph_id = g.stream_graph_id`,
      )) as Record<string, unknown>[]
      expect(graphs).toEqual({ node_count: 4, edge_count: 3, vertex_count: 2, restart_strategy: 'FIXED_DELAY' })
    })
  })

  test('gets a new version when it says something else, and keeps the old one', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(sampleJob())
      expect(await jobs.save({ ...sampleJob(), jobId })).toMatchObject({ version: 1, changed: false })
      expect(await jobs.save({ ...sampleJob({ priority: 7 }), jobId, expectedVersion: 1 })).toMatchObject({
        version: 2,
        changed: true,
      })
      expect(
        (await jobs.versions(jobId, {})).items.map(({ version, settings }) => [version, settings.priority]),
      ).toEqual([
        [2, 7],
        [1, 0],
      ])
      expect(await database.tables.graphNode.count()).toBe(4)
      await expect(jobs.save({ ...sampleJob(), jobId, expectedVersion: 1 })).rejects.toMatchObject({
        code: 'conflict',
        pointer: '/version',
      })
    })
  })

  test('changed by several at once from the same version is changed by one', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(sampleJob())
      const changes = [1, 2, 3, 4].map((priority) =>
        jobs.save({ ...sampleJob({ priority }), jobId, expectedVersion: 1 }),
      )
      const settled = await Promise.allSettled(changes)
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect((await jobs.get(jobId)).version).toBe(2)
    })
  })
})

describe('the jobs', () => {
  test('have names of their own among those that are not deleted', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(sampleJob())
      await expect(jobs.save(sampleJob())).rejects.toMatchObject({ code: 'conflict', pointer: '/name' })
      expect((await jobs.save(sampleJob({ name: 'Delayed-Flights' }))).isNew).toBe(true)
      await jobs.softDelete(jobId, 'admin', 1)
      await expect(jobs.get(jobId)).rejects.toMatchObject({ code: 'not.found' })
      expect(await jobs.findByName('delayed-flights')).toBeNull()
      const again = await jobs.save(sampleJob())
      expect((await jobs.findByName('delayed-flights'))?.jobId).toBe(again.jobId)
      await jobs.softDelete(again.jobId, 'admin')
    })
  })

  test('that have an execution which has not ended are not deleted', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(sampleJob())
      const { executionId } = await executionStore(database).create(run(jobId))
      await expect(jobs.softDelete(jobId, null)).rejects.toMatchObject({ code: 'conflict' })
      expect(await executionStore(database).setCancelRequested(executionId, null)).toEqual({
        status: 'CANCELLED',
        workflowId: null,
      })
      await jobs.softDelete(jobId, null)
    })
  })

  test('are found in pages, each once, and by part of their name taken literally', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      for (const name of ['a_1', 'ab1', 'c', 'd', 'e']) await jobs.save(sampleJob({ name }))
      const names: string[] = []
      let cursor: string | undefined
      do {
        const page = await jobs.list({ limit: 2, cursor })
        names.push(...page.items.map((job) => job.name))
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
      expect(names).toEqual(['e', 'd', 'c', 'ab1', 'a_1'])
      expect((await jobs.list({ name: 'a_' })).items.map((job) => job.name)).toEqual(['a_1'])
      await expect(jobs.list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'usage.invalid' })
    })
  })
})

describe('accepting an execution', () => {
  test('by the same trigger, many times at once, makes one', async () => {
    await withCatalogue(async (database) => {
      const { jobId } = await jobStore(database, jobSecrets).save(sampleJob())
      const wanted = { ...run(jobId), triggerKey: 'schedule-1@2026-01-01T00:00:00Z' }
      const made = await Promise.all(Array.from({ length: 6 }, () => executionStore(database).create(wanted)))
      expect(new Set(made.map(({ executionId }) => executionId)).size).toBe(1)
      expect(made.filter(({ isNew }) => isNew)).toHaveLength(1)
    })
  })

  test('makes the job SCHEDULED, and is known to a reconciler until its workflow is there', async () => {
    await withCatalogue(async (database) => {
      const executions = executionStore(database)
      const { jobId } = await jobStore(database, jobSecrets).save(sampleJob())
      const { executionId } = await executions.create(run(jobId))
      expect((await jobStore(database, jobSecrets).get(jobId)).status).toBe('SCHEDULED')
      const later = new Date(Date.now() + 60_000)
      expect((await executions.acceptedBefore(later)).map((one) => one.executionId)).toEqual([executionId])
      expect(await executions.acceptedBefore(new Date(Date.now() - 60_000))).toEqual([])
      await mysqlJournal(database).admit(executionId, { workflowId: `etl-job/${jobId}/${executionId}`, runId: 'r' })
      expect(await executions.acceptedBefore(later)).toEqual([])
      expect((await executions.unfinished()).map((one) => one.status)).toEqual(['RUNNING'])
    })
  })

  test('goes by the overlap of its job while another one runs', async () => {
    await withCatalogue(async (database) => {
      const executions = executionStore(database)
      const skip = await jobStore(database, jobSecrets).save(sampleJob({ name: 'skip', overlap: 'SKIP' }))
      await executions.create(run(skip.jobId))
      await expect(executions.create(run(skip.jobId))).rejects.toMatchObject({ code: 'conflict' })
      const cancel = await jobStore(database, jobSecrets).save(sampleJob({ name: 'cancel', overlap: 'CANCEL_RUNNING' }))
      const first = await executions.create(run(cancel.jobId))
      await mysqlJournal(database).admit(first.executionId, { workflowId: 'w', runId: 'r' })
      const second = await executions.create(run(cancel.jobId))
      expect(second.toCancel).toEqual([first.executionId])
      // Whoever was to carry it out died: it is noted for whoever reconciles, as is the end of what had not begun.
      expect(await executions.unfinished()).toMatchObject([{}, { workflowId: 'w', cancelRequested: true }, {}])
      const third = await executions.create(run(cancel.jobId))
      expect(third.toCancel).toEqual([first.executionId, second.executionId])
      expect(await executions.get(second.executionId)).toMatchObject({ status: 'CANCELLED' })
      expect(await executions.get(third.executionId)).toMatchObject({ status: 'CREATED' })
    })
  })

  test('that restarts a live one, or one of another job, is refused', async () => {
    await withCatalogue(async (database) => {
      const executions = executionStore(database)
      const { jobId } = await jobStore(database, jobSecrets).save(sampleJob())
      const other = await jobStore(database, jobSecrets).save(sampleJob({ name: 'other' }))
      const { executionId } = await executions.create(run(jobId))
      await mysqlJournal(database).admit(executionId, null)
      await expect(executions.create({ ...run(jobId), restartOf: executionId })).rejects.toMatchObject({
        code: 'conflict',
      })
      await expect(executions.create({ ...run(other.jobId), restartOf: executionId })).rejects.toMatchObject({
        code: 'not.found',
      })
    })
  })
})

describe('connectors', () => {
  test('are made once and then kept up to date', async () => {
    await withCatalogue(async (database) => {
      const connectors = connectorStore(database)
      const file = {
        name: 'file',
        type: 'FILE' as const,
        class: 'connectors/file/index.js#file',
        connectorVersion: '1.0.0',
        description: null,
        supportsSource: true,
        supportsSink: true,
        configSchema: { type: 'object', properties: { zebra: {}, ant: {} } },
        isBuiltin: true,
      }
      await seedConnectors(database, [{ ...file, description: 'old' }])
      await seedConnectors(database, [file])
      expect(await connectors.list()).toEqual([{ ...file, isEnabled: true, version: 1 }])
      expect(JSON.stringify((await connectors.get('file')).configSchema)).toBe(JSON.stringify(file.configSchema))
    })
  })
})

describe('the database', () => {
  test('runs a transaction again when it met another one', async () => {
    await withCatalogue(async (database) => {
      await database.tables.secret.bulkCreate(
        ['a', 'b'].map((secretName) => ({ secretName, secretValue: '0', keyId: 'k' })),
      )
      let arrived = 0
      let bothArrived = () => {}
      const barrier = new Promise<void>((resolve) => {
        bothArrived = resolve
      })
      const tries = { one: 0, two: 0 }
      const cross = (who: 'one' | 'two', first: string, second: string) =>
        database.transaction(async (transaction) => {
          tries[who] += 1
          const append = 'UPDATE etl_secret SET secret_value = CONCAT(secret_value, :who) WHERE secret_name = :name'
          await database.execute(append, { who, name: first }, transaction)
          arrived += 1
          if (arrived === 2) bothArrived()
          await barrier
          await database.execute(append, { who, name: second }, transaction)
        })
      await Promise.all([cross('one', 'a', 'b'), cross('two', 'b', 'a')])
      expect(tries.one + tries.two).toBeGreaterThan(2)
      const values = await database.query<{ value: string }>('SELECT secret_value AS value FROM etl_secret')
      for (const { value } of values) expect(value).toMatch(/^0(onetwo|twoone)$/)
    })
  })

  test('says mysql.away while its connection is gone, and works again after it', async () => {
    await withCatalogue(async (database, url) => {
      const killed = database.transaction(async (transaction) => {
        const [row] = await database.query<{ id: number }>('SELECT CONNECTION_ID() AS id', {}, transaction)
        await onServer(url, `KILL ${row?.id}`)
        await database.query('SELECT 1', {}, transaction)
      })
      await expect(killed).rejects.toMatchObject({ name: 'JobError', code: 'mysql.away' })
      expect(await database.ping()).toMatchObject({ reachable: true, migrations: 'CURRENT' })
    })
  })

  test('says mysql.away when no server answers, without the password', async () => {
    const database = await openDatabase('mysql://root:hunter2@127.0.0.1:1/etl')
    const failure = await database.tables.job.count().catch((error: Error) => error)
    expect(failure).toMatchObject({ code: 'mysql.away' })
    expect(String(failure)).not.toContain('hunter2')
    await expect(database.transaction(async () => 1)).rejects.toMatchObject({ code: 'mysql.away' })
    expect(await database.ping()).toMatchObject({ reachable: false, migrations: 'UNKNOWN' })
    await database.close()
  })

  test('asks for a migration when it has no tables', async () => {
    await withMigratedDatabase(async (url) => {
      await onServer(url, 'DROP TABLE etl_schema_migration; DROP TABLE etl_job')
      const database = await openDatabase(url)
      expect(await database.ping()).toMatchObject({ reachable: true, migrations: 'MISSING' })
      await expect(database.tables.job.count()).rejects.toMatchObject({
        code: 'environment.invalid',
        hint: 'Run: etl migrate',
      })
      await database.close()
    })
  })

  test('keeps times to the millisecond in UTC, whatever the server thinks', async () => {
    await withCatalogue(async (database, url) => {
      const { jobId } = await jobStore(database, jobSecrets).save(sampleJob())
      const logicalTime = new Date('2026-03-29T01:30:00.123Z')
      const { executionId } = await executionStore(database).create({ ...run(jobId), logicalTime })
      expect((await mysqlJournal(database).standing(executionId)).record.logicalTime).toBe('2026-03-29T01:30:00.123Z')
      const rows = await onServer(
        url,
        "SELECT DATE_FORMAT(logical_time, '%Y-%m-%d %H:%i:%s.%f') AS t FROM etl_job_execution",
      )
      expect(rows).toEqual([{ t: '2026-03-29 01:30:00.123000' }])
    })
  })
})

function run(jobId: string) {
  return {
    jobId,
    parameters: {},
    logicalTime: new Date('2026-01-01T00:00:00Z'),
    triggerType: 'MANUAL',
    createdBy: null,
  } as const
}

async function withCatalogue(body: (database: Database, url: string) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      await body(database, url)
    } finally {
      await database.close()
    }
  })
}
