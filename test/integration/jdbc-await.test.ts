/** Sources that look at tables now and then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { sourceConfig } from '../../connectors/jdbc/config.js'
import { jdbcSource } from '../../connectors/jdbc/source.js'
import { onServer, withDatabase } from '../support/lend.js'
import { until } from '../support/until.js'

test('many wait by one connection, end when a row comes, and live through the loss of it', async () => {
  await withDatabase(async (url) => {
    await onServer(url, 'CREATE TABLE t (id BIGINT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u LIKE t')
    const ending = new AbortController()
    const over: string[] = []
    const wait = async (table: string, upper: string) => {
      const config = sourceConfig.parse({ connection: { url }, table, interval: '100ms' })
      await jdbcSource(config, { url }, ending.signal).awaitInput?.({
        kind: 'KEYS',
        after: [upper],
        upper: [upper],
        end: true,
      })
      over.push(table)
    }
    const waits = [...Array.from({ length: 10 }, () => wait('t', '1')), wait('u', '0')]
    const open = async () =>
      (await onServer(
        url,
        'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
      )) as { id: number }[]
    await until('one connection is left', async () => (await open()).length === 1)
    await sleep(500)
    expect(over).toEqual([])
    await onServer(url, `KILL ${(await open())[0]!.id}`)
    await sleep(500)
    expect(over).toEqual([])
    await onServer(url, 'INSERT INTO t VALUES (2)')
    await until('all who wait for t have seen it', async () => over.length === 10)
    expect(new Set(over)).toEqual(new Set(['t']))
    ending.abort()
    await Promise.all(waits)
    await until('no connection is left', async () => (await open()).length === 0)
  })
}, 60_000)
