/** The audit: complete, in a chain, and nobody changes it unnoticed. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { z } from 'zod'
import { endMaintenance } from '../../activities/maintenance/house.js'
import type { HouseDeps } from '../../activities/maintenance/work.js'
import { type AuditedCall, writeAudit } from '../../api/http/audit.js'
import { ROUTES } from '../../api/routes.js'
import { jsonSchemaOf, secret } from '../../core/config/schema.js'
import type { SchemaNode } from '../../core/security/secret-fields.js'
import { openDatabase } from '../../models/database.js'
import { migrate } from '../../models/migrate.js'
import { type Entry, entryHash, HASHED_AS_TEXT } from '../../models/stores/audit/entry.js'
import { maintenanceStore } from '../../models/stores/maintenance-store.js'
import { type Operation, type OperationLogStore, operationLogStore } from '../../models/stores/operation-log-store.js'
import { withApi } from '../support/api.js'
import { withHouse } from '../support/house.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { privateMysql } from '../support/services.js'
import { until } from '../support/until.js'

const key = randomBytes(32).toString('base64')

function operation(number: number): Operation {
  return {
    userId: `u${number}`,
    username: 'anna',
    operationType: 'CREATE_JOB',
    resourceType: 'JOB',
    resourceId: `j${number}`,
    requestMethod: 'POST',
    requestPath: '/api/v1/jobs',
    requestParams: { number, body: { name: 'Ünïcode "quoted" \\ 🜁', lone: '\ud800' } },
    responseStatus: 201,
    succeeded: number % 3 > 0,
    errorMessage: number % 3 > 0 ? null : 'usage.invalid: no',
    ipAddress: '::ffff:127.0.0.1',
    userAgent: `half a pair \ud83d and trailing blanks  `,
    durationMs: number,
    startedAt: new Date(),
  }
}

async function withLog(run: (log: OperationLogStore, url: string) => Promise<void>, secretKey = key): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      await run(operationLogStore(database, secretKey), url)
    } finally {
      await database.close()
    }
  })
}

const fill = async (log: OperationLogStore, count: number) => {
  for (let number = 1; number <= count; number += 1) await log.append(operation(number))
}

describe('the chain', () => {
  test('is whole with several processes that write at once, and holds every entry once', async () => {
    await withLog(async (log, url) => {
      const processes = await Promise.all(
        [1, 2, 3].map(async () => {
          const database = await openDatabase(url)
          return { database, log: operationLogStore(database, key) }
        }),
      )
      const written = processes.flatMap((one) =>
        Array.from({ length: 100 }, (_, number) => one.log.append(operation(number))),
      )
      await Promise.all(written)
      expect(await log.verify(null)).toMatchObject({
        intact: true,
        entries: 300,
        head: { sequence: '300' },
        fault: null,
      })
      const { items } = await log.list({ limit: 500, order: 'OLDEST' })
      const sequences = items.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b)
      expect(sequences).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
      await Promise.all(processes.map(({ database }) => database.close()))
    })
  })

  test('holds whatever text comes', async () => {
    await withLog(async (log) => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 600 }), fc.jsonValue(), async (text, value) => {
          const texts = { username: text, userAgent: text, resourceId: text, requestPath: text, errorMessage: text }
          await log.append({ ...operation(1), ...texts, requestParams: { [text]: value as never } })
        }),
        { numRuns: 60 },
      )
      await log.append({ ...operation(1), username: 'x'.repeat(5000), requestParams: { text: 'y'.repeat(1_000_000) } })
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 61 })
    })
  })

  const forged = async (url: string, sequence: number, change: string) => {
    await onServer(url, `UPDATE etl_operation_log SET ${change} WHERE chain_sequence = ${sequence}`)
    const rows = (await onServer(
      url,
      `SELECT ${HASHED_AS_TEXT}, previous_hash FROM etl_operation_log WHERE chain_sequence = ${sequence}`,
    )) as never[]
    const row = rows[0] as unknown as Entry & { previous_hash: string }
    const hash = entryHash(row.previous_hash, row)
    await onServer(url, `UPDATE etl_operation_log SET entry_hash = '${hash}' WHERE chain_sequence = ${sequence}`)
    return hash
  }

  test.each<[string, (url: string) => Promise<unknown>, string, string | null]>([
    [
      'is changed',
      (url) => onServer(url, "UPDATE etl_operation_log SET username = 'berta' WHERE chain_sequence = 4"),
      'CHANGED',
      '4',
    ],
    ['is changed with its hash', (url) => forged(url, 4, "username = 'berta'"), 'CHANGED', '5'],
    [
      'is changed with its hash, the newest',
      (url) => forged(url, 9, "operation_status = 'SUCCESS', error_message = NULL"),
      'CHANGED',
      '9',
    ],
    [
      'is the newest, and is changed with its hash and the end of the chain',
      async (url) => {
        const hash = await forged(url, 9, "operation_status = 'SUCCESS', error_message = NULL")
        await onServer(url, `UPDATE etl_audit_chain SET entry_hash = '${hash}'`)
      },
      'UNSIGNED',
      '9',
    ],
    ['is removed', (url) => onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence = 4'), 'REMOVED', '4'],
    [
      'is removed at the begin',
      (url) => onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence = 1'),
      'REMOVED',
      '1',
    ],
    [
      'is removed at the end',
      (url) => onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence = 9'),
      'REMOVED',
      '9',
    ],
    ['is removed, and all others', (url) => onServer(url, 'DELETE FROM etl_operation_log'), 'REMOVED', '1'],
    [
      'is removed at the end, with the end of the chain put back',
      async (url) => {
        await onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence = 9')
        await onServer(
          url,
          `UPDATE etl_audit_chain SET chain_sequence = 8, entry_hash =
            (SELECT entry_hash FROM etl_operation_log WHERE chain_sequence = 8)`,
        )
      },
      'UNSIGNED',
      '8',
    ],
    [
      'is removed at the begin, with the anchor moved on',
      async (url) => {
        await onServer(
          url,
          `UPDATE etl_audit_chain SET anchor_sequence = 2, anchor_hash =
            (SELECT entry_hash FROM etl_operation_log WHERE chain_sequence = 2)`,
        )
        await onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence <= 2')
      },
      'UNSIGNED',
      '9',
    ],
    [
      'is put in beside',
      (url) =>
        onServer(
          url,
          "INSERT INTO etl_operation_log (log_id, operation_type, operation_status, operation_time) VALUES ('x', 'LOGIN', 'SUCCESS', UTC_TIMESTAMP(3))",
        ),
      'ADDED',
      null,
    ],
    [
      'is put in beyond the end',
      (url) =>
        onServer(
          url,
          "INSERT INTO etl_operation_log (log_id, operation_type, operation_status, operation_time, chain_sequence) VALUES ('x', 'LOGIN', 'SUCCESS', UTC_TIMESTAMP(3), 10)",
        ),
      'ADDED',
      '10',
    ],
    ['loses the end of its chain', (url) => onServer(url, 'DELETE FROM etl_audit_chain'), 'REMOVED', '1'],
  ])('tells of an entry that %s', async (_what, tamper, kind, sequence) => {
    await withLog(async (log, url) => {
      await fill(log, 9)
      expect((await log.verify(null)).intact).toBe(true)
      await tamper(url)
      expect(await log.verify(null)).toMatchObject({ intact: false, fault: { kind, sequence } })
      // Whoever writes on does not cover it.
      await fill(log, 2)
      expect((await log.verify(null)).intact).toBe(false)
    })
  })

  test('that was cut off and put back with an older signature is told by a head that was noted', async () => {
    await withLog(async (log, url) => {
      await fill(log, 5)
      const columns =
        'chain_sequence, entry_hash, entry_time, anchor_sequence, anchor_hash, older_id, key_id, signature'
      await onServer(url, `CREATE TABLE kept SELECT ${columns} FROM etl_audit_chain`)
      await fill(log, 4)
      const { head } = await log.verify(null)
      await onServer(url, 'DELETE FROM etl_operation_log WHERE chain_sequence > 5')
      await onServer(
        url,
        `DELETE FROM etl_audit_chain; INSERT INTO etl_audit_chain (id, ${columns}) SELECT 1, ${columns} FROM kept`,
      )
      expect((await log.verify(null)).intact).toBe(true)
      expect((await log.verify(head)).fault).toMatchObject({ kind: 'REMOVED', sequence: '9' })
      await fill(log, 6)
      expect((await log.verify(head)).fault).toMatchObject({ kind: 'CHANGED', sequence: '9' })
    })
  })

  test('is proved by the key it was signed with, which may be the second of several, and not by another', async () => {
    await withLog(async (log, url) => {
      await fill(log, 2)
      const database = await openDatabase(url)
      const next = randomBytes(32).toString('base64')
      expect((await operationLogStore(database, `${next},${key}`).verify(null)).intact).toBe(true)
      expect((await operationLogStore(database, next).verify(null)).fault).toMatchObject({ kind: 'UNSIGNED' })
      await fill(operationLogStore(database, `${next},${key}`), 1)
      expect(await operationLogStore(database, next).verify(null)).toMatchObject({ intact: true, entries: 3 })
      await database.close()
    })
  })

  test('leaves rows of before to themselves, and says how many they are', async () => {
    await withLog(async (log, url) => {
      await onServer(
        url,
        "INSERT INTO etl_operation_log (log_id, operation_type, operation_status, operation_time) VALUES ('old', 'LOGIN', 'SUCCESS', '2026-11-01')",
      )
      await fill(log, 2)
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 2, olderRows: 1 })
    })
  })
})

describe('retention', () => {
  const inMonths = async (url: string, months: readonly string[]) => {
    const database = await openDatabase(url)
    let now = ''
    const log = operationLogStore(database, Buffer.alloc(32, 7).toString('base64'), () => now)
    for (const month of months)
      for (let day = 1; day <= 3; day += 1) {
        now = `${month}-0${day} 10:00:00.000`
        await log.append(operation(day))
      }
    return { log, close: () => database.close() }
  }
  const months = ['2025-11', '2025-12', '2026-01', '2026-10', '2026-11']

  test('removes the oldest months, and the chain begins after them', async () => {
    await withHouse(async (house) => {
      const { log, close } = await inMonths(house.url, months)
      await house.set('retention.operation_log_days', 90)
      await house.set('retention.archive', 'TABLE')
      expect(await house.run('partitions')).toMatchObject({ status: 'DONE', warnings: [] })
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 6, anchorSequence: '9' })
      await log.append(operation(1))
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 7 })
      const [archived] = (await onServer(
        house.url,
        'SELECT COUNT(*) AS n, MAX(chain_sequence) AS last FROM etl_operation_log_archive',
      )) as { n: number; last: number }[]
      expect(archived).toEqual({ n: 9, last: 9 })
      await onServer(house.url, 'DELETE FROM etl_operation_log WHERE chain_sequence = 10')
      expect((await log.verify(null)).fault).toMatchObject({ kind: 'REMOVED', sequence: '10' })
      await close()
    })
  }, 60_000)

  test('keeps a month that is not as it was written, and warns', async () => {
    await withHouse(async (house) => {
      const { log, close } = await inMonths(house.url, months)
      await house.set('retention.operation_log_days', 90)
      await onServer(house.url, "UPDATE etl_operation_log SET username = 'berta' WHERE chain_sequence = 5")
      const { warnings } = await house.run('partitions')
      expect(warnings.join()).toMatch(/p202512 of it stays: It is not what was written/)
      expect((await log.verify(null)).fault).toMatchObject({ kind: 'CHANGED', sequence: '5' })
      await close()
    })
  }, 60_000)
})

describe('an entry', () => {
  test('is written where the caller has gone in the middle of the call', async () => {
    await withApi({}, async (api) => {
      const server = api.app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const body = JSON.stringify({ username: 'anna', password: 'correct horse battery' })
      const socket = connectSocket(port, '127.0.0.1')
      const head = `POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.tokens.ADMIN}\r\nContent-Type: application/json`
      socket.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () => socket.destroy())
      const { items } = await until('the entry is there', async () => {
        const found = await api.deps.operationLog.list({ operationType: 'CREATE_USER' })
        return found.items.length > 0 ? found : null
      })
      expect(items).toMatchObject([{ username: 'admin', operationStatus: 'SUCCESS', responseStatus: 201 }])
      server.close()
    })
  })

  test('waits while MySQL is away, and is there once when it is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-audit-'))
    const server = await privateMysql(folder)
    await server.start()
    const url = `${server.address}/catalogue`
    await migrate(url)
    const database = await openDatabase(url)
    const log = operationLogStore(database, key)
    try {
      await fill(log, 2)
      await server.kill()
      let done = 0
      const writing = Array.from({ length: 300 }, (_, number) => log.append(operation(number)).then(() => (done += 1)))
      expect(await log.flush(1500)).toBe(300)
      expect(done).toBe(0)
      await server.start()
      await Promise.all(writing)
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 302 })
      expect(await log.flush(0)).toBe(0)
    } finally {
      await database.close()
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    }
  }, 120_000)

  test('is made of a log-in by nobody, and of the first of a minute that is turned away', async () => {
    await withApi({ limits: { loginsPerMinute: 2 } }, async (api) => {
      const long = 'n'.repeat(90)
      for (let tried = 0; tried < 5; tried += 1)
        await api
          .call('post', '/auth/login', null)
          .set('User-Agent', 'a script')
          .send({ username: long, password: 'opensesame' })
      const { items } = (await api.call('get', '/operation-logs?operationType=LOGIN')).body
      expect(items.map((one: { responseStatus: number }) => one.responseStatus)).toEqual([429, 401, 401])
      expect(items[1]).toMatchObject({ username: 'n'.repeat(64), operationStatus: 'FAILED', userAgent: 'a script' })
      expect(items[1].ipAddress).toMatch(/127\.0\.0\.1$/)
      expect(JSON.stringify(items)).not.toContain('opensesame')
    })
  })

  test('shows no field that a schema calls secret, whichever call it came with', async () => {
    await withApi({}, async (api) => {
      const secretsOf = (route: (typeof ROUTES)[number]) => {
        const { properties = {} } = route.body === undefined ? {} : (jsonSchemaOf(route.body) as SchemaNode)
        return Object.entries(properties).flatMap(([name, { secret }]) => (secret === true ? [name] : []))
      }
      const planted = ROUTES.filter((route) => route.audit !== undefined && secretsOf(route).length > 0)
      expect(planted.map(({ path }) => path)).toEqual(
        expect.arrayContaining(['/auth/login', '/users', '/users/{userId}', '/me/password', '/secrets/{name}']),
      )
      for (const route of planted) {
        const body = Object.fromEntries(secretsOf(route).map((name) => [name, `planted ${name} 47`]))
        await api.call(route.method, route.path.replaceAll(/\{\w+\}/g, 'x')).send({ ...body, username: 'anna' })
      }
      const rows = await api.database.query('SELECT * FROM etl_operation_log')
      expect(rows).toHaveLength(planted.length)
      expect(JSON.stringify([rows, api.logged])).not.toContain('planted ')
      expect(JSON.stringify(rows)).toContain('***')
    })
  })

  test('masks by the schema alone, where no name gives it away', async () => {
    await withApi({}, async ({ deps, database }) => {
      const route = {
        audit: { operation: 'TRY', resource: 'NOTHING' },
        body: z.object({ pin: secret('of a card'), colour: z.string() }),
      }
      const body = { pin: 'planted 47', colour: 'red' }
      const request = { method: 'POST', path: '/', params: {}, query: {}, body, get: () => undefined }
      const call = { route, request, caller: null, startedAtMs: Date.now(), answer: { status: 200 }, error: null }
      await writeAudit(call as unknown as AuditedCall, deps)
      const [row] = await database.query<{ params: string }>('SELECT request_params AS params FROM etl_operation_log')
      expect(JSON.parse(row?.params ?? '')).toEqual({ body: { pin: '***', colour: 'red' } })
    })
  })

  test('is made of every run of the maintenance that changes something, once', async () => {
    await withMigratedDatabase(async (url) => {
      const database = await openDatabase(url)
      const [runs, audit] = [maintenanceStore(database), operationLogStore(database, key)]
      const deps = { runs, audit } as unknown as HouseDeps
      const runId = await runs.begin({ trigger: 'SCHEDULE', dryRun: false, only: null, startedBy: null })
      await runs.report(runId, {
        task: 'files',
        status: 'DONE',
        durationMs: 1,
        error: null,
        done: [{ what: 'files', count: 3 }],
        warnings: [],
      })
      await endMaintenance(deps, runId)
      await endMaintenance(deps, runId)
      const { items } = await audit.list({})
      expect(items).toMatchObject([
        {
          username: 'maintenance',
          resourceId: runId,
          operationStatus: 'SUCCESS',
          requestParams: { trigger: 'SCHEDULE', tasks: [{ task: 'files', done: [{ what: 'files', count: 3 }] }] },
        },
      ])
      await database.close()
    })
  })

  test('is made of steps of the schema, by whoever starts next, once', async () => {
    await withLog(async (log) => {
      await fill(log, 1)
      expect((await log.newMigrations()).at(-1)).toMatch(/^00\d\d-/)
      expect(await log.newMigrations()).toEqual([])
    })
  })
})

describe('over REST', () => {
  test('it is searched by user, type, resource and time, in either order, page by page', async () => {
    await withApi({}, async (api) => {
      const makeUser = (username: string) =>
        api.call('post', '/users').send({ username, password: 'correct horse battery' })
      for (const name of ['anna', 'berta', 'anna']) await makeUser(name)
      const list = async (query: string) => (await api.call('get', `/operation-logs?${query}`).expect(200)).body
      const oldest = await list('order=OLDEST&limit=2')
      expect(oldest.items.map((one: { sequence: string }) => one.sequence)).toEqual(['1', '2'])
      const rest = await list(`order=OLDEST&limit=2&cursor=${oldest.nextCursor}`)
      expect(rest.items).toMatchObject([{ sequence: '3', operationStatus: 'FAILED' }])
      const [first] = oldest.items
      for (const [query, count] of [
        ['username=admin', 3],
        ['username=anna', 0],
        ['operationType=CREATE_USER', 3],
        [`resourceId=${first.resourceId}`, 1],
        ['resourceType=JOB', 0],
        [`to=${first.time}`, 0],
        [`from=${first.time}`, 3],
      ] as const)
        expect({ query, count: (await list(query)).items.length }).toEqual({ query, count })
      const verified = (await api.call('get', '/operation-logs/verification').expect(200)).body
      expect(verified).toMatchObject({ intact: true, entries: 3 })
      const { sequence, hash } = verified.head
      await api.call('get', `/operation-logs/verification?sequence=${sequence}&hash=${hash}`).expect(200)
      await api.call('get', `/operation-logs/verification?sequence=${sequence}`).expect(400)
      await api.call('get', '/operation-logs/verification', 'DEVELOPER').expect(404)
    })
  })
})
