/** What is old goes with its children, and nothing that a lineage, a fork, a savepoint or a pending plan needs. */
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { isOrphan, type Marks } from '../../core/maintenance/sweep.js'
import { withHouseConnection } from '../../models/stores/maintenance/house-connection.js'
import { marksOf } from '../../models/stores/maintenance/marks.js'
import { type House, houseNow, withHouse } from '../support/house.js'
import { onServer } from '../support/lend.js'

const DAY = 86_400_000

/** As a sink makes it, with a row of each lineage, and of one of another catalogue. */
const PROGRESS = `
  CREATE TABLE etl_sink_progress (lineage_id VARCHAR(64) NOT NULL, sink_uid VARCHAR(255) NOT NULL, subtask INT NOT NULL,
    PRIMARY KEY (lineage_id, sink_uid, subtask)) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
  INSERT INTO etl_sink_progress SELECT lineage_id, 'out', 0 FROM etl_lineage;
  INSERT INTO etl_sink_progress VALUES ('of another catalogue', 'out', 0)`

const idsOf = async (url: string, table: string) =>
  ((await onServer(url, `SELECT lineage_id AS id FROM ${table} ORDER BY 1`)) as { id: string }[]).map(({ id }) => id)
const progressOf = (url: string) => idsOf(url, 'etl_sink_progress')
const lineagesOf = async (url: string) => [...(await idsOf(url, 'etl_lineage')), 'of another catalogue'].sort()

describe('retention', () => {
  for (const archive of ['NONE', 'TABLE', 'PARQUET']) {
    test(`removes executions that nobody needs, with their children; archive ${archive}`, async () => {
      await withHouse(async (house) => {
        await house.set('retention.archive', archive)
        await house.set('retention.batch_rows', 3)
        await makeHistory(house.url)
        await onServer(house.url, PROGRESS)
        const before = await executionsOf(house.url)
        const dry = await house.run('retention', true)
        expect(await executionsOf(house.url)).toEqual(before)
        expect(dry.done.find(({ what }) => what === 'executions')?.count).toBeGreaterThan(0)

        expect(await house.run('retention')).toMatchObject({ status: 'DONE', error: null })
        const after = await executionsOf(house.url)
        expect(before.filter((id) => !after.includes(id))).toEqual(GONE)
        expect(await orphanRows(house.url)).toEqual({ checkpoints: 0, events: 0, states: 0, lineages: 0 })
        expect(await checkpointsOf(house.url)).toEqual(CHECKPOINTS_LEFT)
        expect((await house.run('retention')).done).toEqual([])
        expect([...(await progressOf(house.url))].sort()).toEqual(await lineagesOf(house.url))
        await archived(house, archive)
      })
    }, 120_000)
  }

  test('removes loose rows by their age: alerts that are resolved, keys, tokens, workers, dead letters', async () => {
    await withHouse(async ({ url, run }) => {
      await onServer(url, LOOSE)
      const { done } = await run('retention')
      expect(done).toEqual([
        { what: 'alerts', count: 1 },
        { what: 'timeline events', count: 1 },
        { what: 'dead letters', count: 1 },
        { what: 'trigger events', count: 1 },
        { what: 'idempotency keys', count: 1 },
        { what: 'workers', count: 1 },
      ])
      expect((await run('retention')).done).toEqual([])
    })
  })
})

describe('files', () => {
  test('that no row needs go once they are old; all that are needed stay, and a broken mark would show', async () => {
    await withHouse(async (house) => {
      await makeHistory(house.url)
      const { needed, orphans, young } = await makeFiles(house)
      const dry = await house.run('files', true)
      expect(dry.done.find(({ what }) => what === 'orphans removed')?.names).toEqual([...orphans].sort())
      const marks = await withHouseConnection(house.url, marksOf)
      const lostBy = (broken: Marks) =>
        needed.filter((key) => isOrphan({ key, modifiedMs: 0 }, broken, houseNow)).length
      expect(lostBy(marks)).toBe(0)
      for (const broken of brokenMarks(marks)) expect(lostBy(broken)).toBeGreaterThan(0)

      expect(await house.run('files')).toMatchObject({ status: 'DONE' })
      expect(await keysOf(house)).toEqual([...needed, ...young].sort())
      const report = await house.run('reconcile')
      expect(report.warnings.filter((text) => text.startsWith('Checkpoint'))).toEqual([])
    })
  }, 60_000)

  test('that are missing are told, and those of another catalogue left alone', async () => {
    await withHouse(async (house) => {
      await makeHistory(house.url)
      const { needed } = await makeFiles(house)
      const lost = needed.find((key) => key.startsWith('lineage/continued/state')) ?? ''
      await house.store.remove(lost)
      const { done, warnings } = await house.run('reconcile')
      expect(done.find(({ what }) => what === 'state files that are missing')).toEqual({
        what: 'state files that are missing',
        count: 1,
        names: [lost],
      })
      expect(warnings).toContain('Checkpoint continued-9 names files that are not in the store: it cannot be restored.')
      await house.store.putText('catalogue-id.txt', 'another')
      expect(await house.run('files')).toMatchObject({
        status: 'FAILED',
        error: expect.stringContaining('another catalogue'),
      })
    })
  }, 60_000)
})

const GONE = ['fresh-old', 'continued-1', 'continued-2', 'fork-over-1', 'deleted-old']
const CHECKPOINTS_LEFT = [
  'continued-10',
  'continued-9',
  'forked-1',
  'fork-1',
  'fresh-latest-1',
  'live-1',
  'live-2',
  'recent-4',
  'recent-5',
  'saved-1',
  'saved-1-savepoint',
  'stream-4',
].sort()

/** Ends given in days before now. */
async function makeHistory(url: string): Promise<void> {
  const job = (id: string, type: string, positions: string, latest: string, isDeleted = 0) =>
    `INSERT INTO etl_job (job_id, job_name, job_type, config, settings, restart_strategy, latest_execution_id, is_deleted)
     VALUES ('${id}', '${id}', '${type}', '{}', '{"positions": "${positions}"}', 'NONE', '${latest}', ${isDeleted})`
  const lineage = (id: string, of: string, from: string | null = null) =>
    `INSERT INTO etl_lineage (lineage_id, job_id, forked_from_checkpoint_id, create_time)
     VALUES ('${id}', '${of}', ${from === null ? 'NULL' : `'${from}'`}, ${ago(500)})`
  const execution = (id: string, of: string, inLineage: string, endedDays: number | null, status = 'COMPLETED') =>
    `INSERT INTO etl_job_execution (execution_id, job_id, job_name, job_version, lineage_id, execution_status, logical_time, parameters, end_time)
     VALUES ('${id}', '${of}', '${of}', 1, '${inLineage}', '${status}', ${ago(500)}, '{}', ${endedDays === null ? 'NULL' : ago(endedDays)});
     INSERT INTO etl_execution_event (event_id, execution_id, job_id, event_type, event_level, event_time, message)
     SELECT CONCAT('${id}', n), '${id}', '${of}', 'NOTE', 'INFO', ${ago(endedDays ?? 0)}, 'x' FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) numbers`
  const checkpoint = (
    id: string,
    by: string,
    of: string,
    inLineage: string,
    epoch: number,
    days: number,
    more: Checkpoint = {},
  ) =>
    `INSERT INTO etl_checkpoint (checkpoint_id, job_id, execution_id, lineage_id, epoch, phase, job_version, generation, attempt, plan, trigger_time, checkpoint_status, checkpoint_type, state_discarded)
     VALUES ('${id}', '${of}', '${by}', '${inLineage}', ${epoch}, 1, 1, 1, 1, '{}', ${ago(days)}, '${more.status ?? 'COMPLETED'}', '${more.type ?? 'PERIODIC'}', ${more.discarded ? 1 : 0})
     ${more.state === undefined ? '' : `; INSERT INTO etl_operator_state (state_id, checkpoint_id, job_id, execution_id, operator_id, state_name, state_type, state_path) VALUES (UUID(), '${id}', '${of}', '${by}', 'op', 's', 'MAP', '${more.state}')`}`
  await onServer(
    url,
    [
      job('fresh', 'BATCH', 'FRESH', 'fresh-latest'),
      job('cont', 'BATCH', 'CONTINUE', 'continued-3'),
      job('stream', 'STREAMING', 'FRESH', 'stream-1'),
      job('deleted', 'BATCH', 'CONTINUE', 'deleted-old', 1),
      // Nobody needs it.
      lineage('over', 'fresh'),
      execution('fresh-old', 'fresh', 'over', 300),
      checkpoint('over-1', 'fresh-old', 'fresh', 'over', 1, 300, { state: stateFile('over', 1) }),
      // Each goes on after the one before; the newest has a plan that has not run yet.
      lineage('continued', 'cont'),
      execution('continued-1', 'cont', 'continued', 300),
      execution('continued-2', 'cont', 'continued', 250),
      execution('continued-3', 'cont', 'continued', 200, 'FAILED'),
      ...[1, 2, 3].map((n) =>
        checkpoint(`continued-${n}`, 'continued-1', 'cont', 'continued', n, 300, { discarded: true }),
      ),
      ...[4, 5].map((n) =>
        checkpoint(`continued-${n}`, 'continued-2', 'cont', 'continued', n, 250, { discarded: true }),
      ),
      checkpoint('continued-9', 'continued-3', 'cont', 'continued', 9, 200, { state: stateFile('continued', 2) }),
      checkpoint('continued-10', 'continued-3', 'cont', 'continued', 10, 200, { status: 'FAILED' }),
      // Stopped for long, and may go on.
      lineage('stream', 'stream'),
      execution('stream-1', 'stream', 'stream', 400),
      checkpoint('stream-3', 'stream-1', 'stream', 'stream', 3, 400, { discarded: true }),
      checkpoint('stream-4', 'stream-1', 'stream', 'stream', 4, 400, { state: stateFile('stream', 4) }),
      // A fork started from it, long ago.
      lineage('forked', 'fresh'),
      execution('forked-old', 'fresh', 'forked', 300),
      checkpoint('forked-1', 'forked-old', 'fresh', 'forked', 1, 300, { state: stateFile('forked', 1) }),
      lineage('fork', 'fresh', 'forked-1'),
      execution('fork-1', 'fresh', 'fork', 10),
      checkpoint('fork-1', 'fork-1', 'fresh', 'fork', 2, 10, { state: stateFile('forked', 0) }),
      // A fork that is over itself.
      lineage('fork-over', 'fresh', 'nothing-any-more'),
      execution('fork-over-1', 'fresh', 'fork-over', 250),
      // Kept by a person.
      lineage('saved', 'fresh'),
      execution('saved-old', 'fresh', 'saved', 300),
      checkpoint('saved-1', 'saved-old', 'fresh', 'saved', 1, 300, { state: stateFile('saved', 1) }),
      checkpoint('saved-1-savepoint', 'saved-old', 'fresh', 'saved', 1, 300, {
        type: 'SAVEPOINT',
        state: stateFile('saved', 0),
      }),
      // At work.
      lineage('live', 'fresh'),
      execution('live-old', 'fresh', 'live', null, 'RUNNING'),
      checkpoint('live-1', 'live-old', 'fresh', 'live', 1, 1, { state: stateFile('live', 1) }),
      checkpoint('live-2', 'live-old', 'fresh', 'live', 2, 0, { status: 'IN_PROGRESS' }),
      // Failed not long ago: a restart goes on from it.
      lineage('recent', 'fresh'),
      execution('recent-1', 'fresh', 'recent', 20, 'FAILED'),
      checkpoint('recent-4', 'recent-1', 'fresh', 'recent', 4, 20, { state: stateFile('recent', 4) }),
      checkpoint('recent-5', 'recent-1', 'fresh', 'recent', 5, 20, { status: 'FAILED' }),
      // The newest of its job, for people.
      lineage('latest', 'fresh'),
      execution('fresh-latest', 'fresh', 'latest', 200),
      checkpoint('fresh-latest-1', 'fresh-latest', 'fresh', 'latest', 1, 200),
      // Nobody goes on with a job that is deleted.
      lineage('gone', 'deleted'),
      execution('deleted-old', 'deleted', 'gone', 300),
      checkpoint('gone-1', 'deleted-old', 'deleted', 'gone', 1, 300, {
        type: 'SAVEPOINT',
        state: stateFile('gone', 1),
      }),
    ].join(';\n'),
  )
}

interface Checkpoint {
  readonly status?: string
  readonly type?: string
  readonly discarded?: boolean
  readonly state?: string
}

const stateFile = (lineage: string, epoch: number) => fileOf(lineage, 'state', epoch)
const fileOf = (lineage: string, kind: string, epoch: number) =>
  `lineage/${lineage}/${kind}/v/0/000001-000001-${String(epoch).padStart(9, '0')}-0001/x.parquet`
const ago = (days: number) => `'${new Date(houseNow - days * DAY).toISOString().slice(0, 19).replace('T', ' ')}'`

async function makeFiles(house: House) {
  const needed = [
    ...[stateFile('continued', 2), stateFile('stream', 4), stateFile('forked', 1), stateFile('forked', 0)],
    ...[stateFile('saved', 1), stateFile('saved', 0), stateFile('live', 1), stateFile('recent', 4)],
    ...[stateFile('over', 1), stateFile('gone', 1)],
    // Of plans that are pending, and of what is at work.
    ...['lineage/continued/capture/in/10/s.parquet', 'lineage/recent/capture/in/5/s.parquet'],
    ...[fileOf('recent', 'rejects', 5), fileOf('live', 'exchange', 2), fileOf('live', 'state', 2)],
  ]
  const orphans = [
    ...[fileOf('continued', 'state', 9), fileOf('continued', 'exchange', 3), stateFile('nobody', 1)],
    ...[
      'lineage/recent/capture/in/4/s.parquet',
      fileOf('stream', 'results', 4),
      'lineage/nobody/capture/in/7/s.parquet',
    ],
  ]
  const young = [stateFile('nobody', 2)]
  for (const key of [...needed, ...orphans, ...young]) {
    await house.store.putText(key, key)
    const at = new Date(houseNow - (young.includes(key) ? 1 : 48) * 3_600_000)
    await utimes(join(house.folder, 'store', key), at, at)
  }
  return { needed, orphans, young }
}

/** Each leaves something out of the mark: a lineage, forks, pending plans, what is at work. */
function brokenMarks({ named, before }: Marks): readonly Marks[] {
  const without = (part: string) => new Set([...named].filter((key) => !key.includes(part)))
  const set = (lineage: string, epoch: number) => new Map([...before, [lineage, epoch]])
  return [
    { named: new Set(), before },
    { named: without('lineage/forked/'), before },
    { named: without('lineage/saved/'), before },
    { named, before: set('continued', 11) },
    { named, before: set('recent', 6) },
    { named, before: set('live', 3) },
    { named, before: new Map([...before].filter(([lineage]) => lineage !== 'recent')) },
  ]
}

async function keysOf({ store }: House): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.list('lineage/')) keys.push(key)
  return keys.sort()
}

async function executionsOf(url: string): Promise<readonly string[]> {
  const all = (await onServer(url, 'SELECT execution_id AS name FROM etl_job_execution ORDER BY id')) as {
    name: string
  }[]
  return all.map(({ name }) => name)
}

async function checkpointsOf(url: string): Promise<readonly string[]> {
  const rows = (await onServer(url, 'SELECT checkpoint_id AS name FROM etl_checkpoint')) as { name: string }[]
  return rows.map(({ name }) => name).sort()
}

async function orphanRows(url: string) {
  const count = async (sql: string) => Number(((await onServer(url, sql)) as { held: number }[])[0]?.held)
  const none = (id: string) => `NOT EXISTS (SELECT 1 FROM etl_job_execution e WHERE e.execution_id = t.${id})`
  return {
    checkpoints: await count(`SELECT COUNT(*) AS held FROM etl_checkpoint t WHERE ${none('execution_id')}`),
    events: await count(`SELECT COUNT(*) AS held FROM etl_execution_event t WHERE ${none('execution_id')}`),
    states: await count(
      'SELECT COUNT(*) AS held FROM etl_operator_state s WHERE NOT EXISTS (SELECT 1 FROM etl_checkpoint c WHERE c.checkpoint_id = s.checkpoint_id)',
    ),
    lineages: await count(
      'SELECT COUNT(*) AS held FROM etl_lineage l WHERE NOT EXISTS (SELECT 1 FROM etl_job_execution e WHERE e.lineage_id = l.lineage_id)',
    ),
  }
}

async function archived({ url, store }: House, archive: string): Promise<void> {
  if (archive === 'TABLE') {
    const rows = (await onServer(url, 'SELECT execution_id AS name FROM etl_job_execution_archive ORDER BY id')) as {
      name: string
    }[]
    expect(rows.map(({ name }) => name).sort()).toEqual([...GONE].sort())
  }
  if (archive !== 'PARQUET') return
  const keys: string[] = []
  for await (const { key } of store.list('archive/')) keys.push(key.split('/')[1] ?? '')
  expect(new Set(keys)).toEqual(new Set(['etl_checkpoint', 'etl_execution_event', 'etl_job_execution']))
}

const LOOSE = [true, false]
  .flatMap((isOld) => {
    const at = ago(isOld ? 400 : 0)
    const id = isOld ? 'old' : 'new'
    return [
      `INSERT INTO etl_alert_history (alert_id, rule_id, rule_name, rule_type, alert_level, alert_message, fingerprint, trigger_time, last_trigger_time, is_resolved)
       VALUES ('${id}', 'r', 'r', 'T', 'INFO', 'm', '${id}', ${at}, ${at}, 1), ('${id}-open', 'r', 'r', 'T', 'INFO', 'm', '${id}-open', ${at}, ${at}, 0)`,
      `INSERT INTO etl_execution_event (event_id, execution_id, job_id, event_type, event_level, event_time, message)
       VALUES ('${id}', 'e', 'j', 'NOTE', 'INFO', ${at}, 'm')`,
      `INSERT INTO etl_dead_letter (dead_letter_id, job_id, job_version, execution_id, lineage_id, epoch, operator_id, original_record, error_code, error_message, create_time, dead_letter_status)
       VALUES ('${id}', 'j', 1, 'e', 'l', 1, 'o', 'r', 'c', 'm', ${at}, 'NEW'), ('${id}-busy', 'j', 1, 'e', 'l', 1, 'o', 'r', 'c', 'm', ${at}, 'REPLAYING')`,
      `INSERT INTO etl_trigger_event (event_id, event_type, event_time, create_time, is_handled) VALUES
        ('${id}', 'T', UTC_TIMESTAMP(3), ${at}, 1), ('${id}-waits', 'T', ${at}, ${at}, 0)`,
      `INSERT INTO etl_idempotency_key (idempotency_key, request_hash, request_path, expire_time) VALUES ('${id}', 'h', '/', ${isOld ? at : ago(-1)})`,
      `INSERT INTO etl_worker (worker_id, host_name, process_id, start_time, heartbeat_time) VALUES ('${id}', 'h', 1, ${at}, ${at})`,
    ]
  })
  .join(';\n')
