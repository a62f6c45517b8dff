/** A chain of the audit that somebody without its key has removed and let begin anew. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { openDatabase } from '../../models/database.js'
import { type OperationLogStore, operationLogStore, ownOperation } from '../../models/stores/operation-log-store.js'
import { withHouse } from '../support/house.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'

const key = randomBytes(32).toString('base64')

const TAKE_OUT =
  'UPDATE etl_operation_log SET chain_sequence = NULL, previous_hash = NULL, entry_hash = NULL; DELETE FROM etl_audit_chain'
const DELETE_BOTH = 'DELETE FROM etl_operation_log; DELETE FROM etl_audit_chain'
const DELETE_MARK = "DELETE FROM etl_system_config WHERE config_key = 'audit.chain'"

async function fill(log: OperationLogStore, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1)
    await log.append(
      ownOperation({
        username: 'anna',
        operationType: number === 0 ? 'START_API' : 'CREATE_JOB',
        resourceType: 'JOB',
        resourceId: `j${number}`,
        requestParams: { number },
        succeeded: true,
        errorMessage: null,
        durationMs: 1,
        startedAt: number === 0 ? null : new Date(),
      }),
    )
}

/** `again`: the store as another process has it. */
async function withLog(run: (log: OperationLogStore, url: string, again: () => OperationLogStore) => Promise<void>) {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      await run(operationLogStore(database, key), url, () => operationLogStore(database, key))
    } finally {
      await database.close()
    }
  })
}

describe('whoever takes the chain away is told of, before somebody writes on and after it', () => {
  test.each([
    ['its entries taken out of it', TAKE_OUT],
    ['all of it deleted', DELETE_BOTH],
    ['its entries taken out of it, and the mark deleted', `${TAKE_OUT}; ${DELETE_MARK}`],
    ['its end and its mark deleted', `DELETE FROM etl_audit_chain; ${DELETE_MARK}`],
  ])('with %s', async (_what, tamper) => {
    await withLog(async (log, url, again) => {
      await fill(log, 4)
      expect(await log.verify(null)).toMatchObject({ intact: true, entries: 4 })
      await onServer(url, tamper)
      const next = again()
      expect(await next.verify(null)).toMatchObject({ intact: false, fault: { kind: 'REMOVED' } })
      await fill(next, 2)
      const { intact, fault } = await next.verify(null)
      expect(intact).toBe(false)
      expect(['REMOVED', 'UNSIGNED', 'ADDED']).toContain(fault?.kind)
      expect((await again().verify(null)).intact).toBe(false)
    })
  })

  test('by the process that has written into it, also where nothing is left', async () => {
    await withLog(async (log, url, again) => {
      await fill(log, 2)
      await onServer(url, `${DELETE_BOTH}; ${DELETE_MARK}`)
      expect(await log.verify(null)).toMatchObject({ intact: false, fault: { kind: 'REMOVED' } })
      await fill(log, 1)
      expect(await again().verify(null)).toMatchObject({ intact: false, fault: { kind: 'UNSIGNED' } })
    })
  })

  test('by a head that was noted, also where nothing is left', async () => {
    await withLog(async (log, url, again) => {
      await fill(log, 3)
      const { head } = await log.verify(null)
      await onServer(url, `${DELETE_BOTH}; ${DELETE_MARK}`)
      expect(await again().verify(head)).toMatchObject({ intact: false, fault: { kind: 'REMOVED', sequence: '3' } })
      const anew = again()
      await fill(anew, 1)
      expect(await anew.verify(head)).toMatchObject({ intact: false, fault: { kind: 'REMOVED', sequence: '3' } })
    })
  })

  test('by its mark, which is not to be forged or removed', async () => {
    await withLog(async (log, url, again) => {
      await fill(log, 2)
      await onServer(url, DELETE_MARK)
      expect(await log.verify(null)).toMatchObject({ intact: false, fault: { kind: 'UNSIGNED' } })
      await fill(again(), 1)
      expect((await log.verify(null)).intact).toBe(true)
      await onServer(url, "UPDATE etl_system_config SET config_value = '{}' WHERE config_key = 'audit.chain'")
      expect(await log.verify(null)).toMatchObject({ intact: false, fault: { kind: 'UNSIGNED' } })
    })
  })
})

test('a catalogue in which nothing has happened yet is intact, and a head that was noted is not in it', async () => {
  await withLog(async (log) => {
    expect(await log.verify(null)).toMatchObject({ intact: true, entries: 0, head: null })
    const noted = { sequence: '1', hash: '0'.repeat(64) }
    expect(await log.verify(noted)).toMatchObject({ intact: false, fault: { kind: 'REMOVED' } })
  })
})

test.each([
  ['entries were taken out of the chain', TAKE_OUT],
  ['the end of the chain is missing', 'DELETE FROM etl_audit_chain'],
])(
  'retention keeps a month of which %s, and warns',
  async (why, tamper) => {
    await withHouse(async (house) => {
      const database = await openDatabase(house.url)
      const log = operationLogStore(database, Buffer.alloc(32, 7).toString('base64'), () => '2025-11-02 10:00:00.000')
      await fill(log, 2)
      await database.close()
      await house.set('retention.operation_log_days', 90)
      await onServer(house.url, tamper)
      const { warnings } = await house.run('partitions')
      expect(warnings.join()).toMatch(new RegExp(`p202511 of it stays: .*${why.slice(-20)}`))
      const rows = (await onServer(house.url, "SELECT 1 FROM etl_operation_log WHERE username = 'anna'")) as unknown[]
      expect(rows).toHaveLength(2)
    })
  },
  60_000,
)
