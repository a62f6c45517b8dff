/** A call that the end of the API process cuts off is in the audit all the same. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { startApi } from '../../api/main.js'
import { openDatabase } from '../../models/database.js'
import { operationLogStore, ownOperation } from '../../models/stores/operation-log-store.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { privateMysql } from '../support/services.js'

const password = 'correct horse battery'

test('a call that waits for a receiver that never answers is told of once, as unknown', async () => {
  await withMigratedDatabase(async (mysql) => {
    const home = await mkdtemp(join(tmpdir(), 'etl-cut-off-'))
    const receiver = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const { port } = receiver.address() as AddressInfo
    const api = await startApi({
      ETL_HOME: home,
      ETL_MYSQL_URL: mysql,
      ETL_TEMPORAL_ADDRESS: temporalAddress(),
      ETL_API_PORT: '0',
      ETL_SECRET_KEY: randomBytes(32).toString('base64'),
      ETL_ADMIN_PASSWORD: password,
      ETL_ALLOW_PRIVATE_HOSTS: '127.0.0.1',
      ETL_LOG_LEVEL: 'silent',
      ETL_API_DRAIN_TIMEOUT: '500ms',
    })
    let token = ''
    const ask = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const answer = await fetch(`${api.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return (await answer.json()) as Readonly<Record<string, string>>
    }
    try {
      token = (await ask('/auth/login', { username: 'admin', password })).token ?? ''
      const hook = { type: 'WEBHOOK', name: 'hook', url: `http://127.0.0.1:${port}/`, timeout: '60s' }
      const { ruleId } = await ask('/alert-rules', { name: 'hangs', type: 'JOB_FAILED', channels: [hook] })
      const cut = ask(`/alert-rules/${ruleId}/test`, {}).catch(() => 'cut off')
      await once(receiver, 'request')
      await api.close()
      expect(await cut).toBe('cut off')
      const rows = await onServer(
        mysql,
        `SELECT username, resource_id AS id, operation_status AS status, response_status AS answer, error_message AS message
           FROM etl_operation_log WHERE operation_type = 'TEST_ALERT_RULE'`,
      )
      const message = expect.stringMatching(/^unknown: the API was stopped before the call had ended/)
      expect(rows).toEqual([{ username: 'admin', id: ruleId, status: 'FAILED', answer: null, message }])
    } finally {
      receiver.closeAllConnections()
      receiver.close()
      await rm(home, { recursive: true, force: true })
    }
  })
}, 60_000)

test('what MySQL has not taken when the process ends is refused, so that whoever gave it writes it to the log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'etl-cut-off-'))
  const server = await privateMysql(folder)
  await server.start()
  await onServer(server.address, 'CREATE DATABASE gone')
  const database = await openDatabase(`${server.address}/gone`)
  try {
    const log = operationLogStore(database, randomBytes(32).toString('base64'))
    await server.kill()
    const facts = { operationType: 'CREATE_JOB', resourceType: 'JOB', resourceId: null, requestParams: {} }
    const entry = { ...facts, username: 'anna', succeeded: true, errorMessage: null, durationMs: 1, startedAt: null }
    const written = log.append(ownOperation(entry)).then(
      () => 'written',
      (error: { code: string }) => error.code,
    )
    expect(await log.flush(200)).toBe(1)
    await log.giveUp()
    expect(await written).toBe('mysql.away')
    await expect(log.append(ownOperation(entry))).rejects.toMatchObject({ code: 'mysql.away' })
  } finally {
    await database.close()
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)
