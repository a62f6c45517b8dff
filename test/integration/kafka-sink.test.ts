import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { withClient } from '../../connectors/kafka/client.js'
import { kafka } from '../../connectors/kafka/index.js'
import { murmur2 } from '../../connectors/kafka/murmur2.js'
import { topicWriter } from '../../connectors/kafka/produce.js'
import { progressPartition, progressTopic, readProgress, writeProgress } from '../../connectors/kafka/progress-topic.js'
import { endTransaction, initProducer } from '../../connectors/kafka/transaction.js'
import type { ConnectorContext, RejectedRow, Sink } from '../../connectors/spi.js'
import type { Schema } from '../../core/record/schema.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { readAll } from '../conformance/read-all.js'
import { fence, mark } from '../conformance/sink-suite.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { consumed, makeTopic } from '../support/kafka.js'

let folder: string
let session: Session
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-sink-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
})
afterAll(async () => {
  session?.close()
  await rm(folder, { recursive: true, force: true })
})

describeWithKafka('the sink of kafka', (lent) => {
  const newTopic = async (partitions = 1, configs = {}) => {
    const topic = `out-${Date.now().toString(36)}-${++number}`
    await makeTopic(lent.brokers, topic, partitions, configs)
    return topic
  }
  const context = (delivery: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE'): ConnectorContext => ({
    base: '/',
    fileRoots: [],
    signal: new AbortController().signal,
    job: { mode: 'BATCH', delivery },
  })
  const connection = () => kafka.connection!.config.parse({ brokers: [lent.brokers] })
  const sinkOf = (
    config: Record<string, unknown>,
    delivery: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE' = 'EXACTLY_ONCE',
    access = connection(),
  ) => kafka.sink!.open(kafka.sink!.config.parse({ connection: access, ...config }), access, context(delivery))
  const read = async (config: Record<string, unknown>) => {
    const source = kafka.source!.open(
      kafka.source!.config.parse({ connection: connection(), ...config }),
      connection(),
      context('EXACTLY_ONCE'),
    )
    return await readAll(source, session)
  }
  /** What a SELECT gives, as one epoch. */
  const writeEpoch = async (sink: Sink, select: string): Promise<readonly RejectedRow[]> => {
    const key = { lineageId: randomUUID(), sinkUid: 'out', subtask: 0 }
    await session.run(`CREATE OR REPLACE TABLE written AS ${select}`)
    const schema: Schema = await session.describe('SELECT * FROM written')
    const records = await session.count('SELECT count(*) FROM written')
    await sink.prepare([key], schema, fence())
    const open = await sink.open(key, fence(), schema)
    const rejected = await open.append({ table: '"written"', schema, records }, session)
    await open.commit(mark(1, records - rejected.length))
    await open.close()
    return rejected
  }

  /** Every type, with the values that get lost most easily. */
  const awkward = `
    SELECT * FROM (VALUES
      (1::BIGINT, 9223372036854775807::BIGINT, 18446744073709551615::UBIGINT, 170141183460469231731687303715884105727::HUGEINT,
       123456789012345.678::DECIMAL(18,3), 1234567890123456789012345678.0123456789::DECIMAL(38,10), 0.1::DOUBLE, 0.1::FLOAT, true,
       'a "q" \\ é🜚' || chr(10) || chr(0), DATE '2001-02-28', TIMESTAMP '2001-01-01 10:11:12.123456', TIMESTAMPTZ '2001-01-01 10:11:12+02',
       TIME '23:59:59.5', 'a2f1b5e0-0000-4000-8000-000000000001'::UUID),
      (2, -9223372036854775808, 0, -170141183460469231731687303715884105727, -999999999999999.999, -0.0000000001, -1e300, 1e-30, false, '',
       DATE '1970-01-01', TIMESTAMP '9999-12-31 23:59:59', TIMESTAMPTZ '1970-01-01 00:00:00+00', TIME '00:00:00', '00000000-0000-0000-0000-000000000000'),
      (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (4, 9007199254740993, 1, 1, 0.001, 1, 'infinity'::DOUBLE, 'nan'::FLOAT, true, 'null', DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', TIMESTAMPTZ '2000-02-29 00:00:00+00', TIME '12:00:00', NULL)
    ) AS v(id, "big ""int", u, h, d, wide, f, g, b, s, day, moment, zoned, t, uid)`

  test.each(['json', 'csv'])('keeps every value on the way into %s and back', async (format) => {
    const topic = await newTopic()
    expect(await writeEpoch(sinkOf({ topic, format }), awkward)).toEqual([])
    const schema = await session.describe(awkward)
    const columns = Object.fromEntries(schema.map(({ name, type }) => [name, type]))
    const { records, rejected } = await read({ topic, format, columns })
    expect(rejected).toEqual([])
    expect(records).toEqual(await session.rows(`SELECT * FROM (${awkward}) ORDER BY id`))
  })

  test('writes JSON whose numbers have all their digits, nested ones too', async () => {
    const topic = await newTopic()
    await writeEpoch(
      sinkOf({ topic }),
      `SELECT 123456789012345.678::DECIMAL(18,3) AS d, [0.10::DECIMAL(18,2), 123456789012345.678::DECIMAL(18,3)] AS list,
              {'a "b"': 999999999999999.999::DECIMAL(18,3), 'n': NULL} AS part, MAP {'k': 1} AS map,
              '{"kept": 1.10, "big": 12345678901234567890.123}'::JSON AS j, 1.5::DOUBLE AS f, NULL AS nothing`,
    )
    const [message] = await consumed(lent.brokers, topic)
    expect(message!.value).toBe(
      '{"d":123456789012345.678,"list":[0.100,123456789012345.678],"part":{"a \\"b\\"":999999999999999.999,"n":null},"map":{"k":1},"j":{"kept": 1.10, "big": 12345678901234567890.123},"f":1.5,"nothing":null}',
    )
  })

  test('writes keys, headers, and one column as it is', async () => {
    const topic = await newTopic(3)
    const config = { topic, format: 'raw', key: 'id', headers: { trace: 'trace' } }
    await writeEpoch(
      sinkOf(config),
      `SELECT id, IF(id = 2, NULL, 't' || id) AS trace, IF(id = 3, NULL, 'b' || id)::BLOB AS body FROM range(1, 31) AS r(id)`,
    )
    const found = (await consumed(lent.brokers, topic)).sort((a, b) => Number(a.key) - Number(b.key))
    expect(found).toHaveLength(30)
    expect(found[0]).toMatchObject({ key: '1', value: 'b1', headers: new Map([['trace', 't1']]) })
    expect(found[1]!.headers).toEqual(new Map())
    expect(found[2]!.value).toBeNull()
    // As Java's producer would have it.
    for (const { key, partition } of found) expect(partition).toBe((murmur2(Buffer.from(key!)) & 0x7fffffff) % 3)
  })

  test('writes several columns as a key of JSON', async () => {
    const topic = await newTopic()
    await writeEpoch(sinkOf({ topic, key: ['b', 'a'] }), `SELECT 1 AS a, 'x' AS b`)
    expect(await consumed(lent.brokers, topic)).toMatchObject([{ key: '{"b":"x","a":1}', value: '{"a":1,"b":"x"}' }])
  })

  test('spreads messages without a key over the partitions', async () => {
    const topic = await newTopic(2)
    await writeEpoch(sinkOf({ topic }), `SELECT id, repeat('x', 1000) AS text FROM range(2000) AS r(id)`)
    const counts = [0, 0]
    for (const { partition } of await consumed(lent.brokers, topic)) counts[partition]! += 1
    expect(counts[0]! + counts[1]!).toBe(2000)
    expect(Math.min(...counts)).toBeGreaterThan(400)
  })

  test.each(['gzip', 'snappy', 'lz4'])('compresses with %s', async (compression) => {
    const topic = await newTopic()
    await writeEpoch(sinkOf({ topic, compression }), 'SELECT id FROM range(5000) AS r(id)')
    expect((await consumed(lent.brokers, topic)).map(({ value }) => JSON.parse(value!).id)).toEqual(
      Array.from({ length: 5000 }, (_, id) => id),
    )
  })

  describe('gives back what the topic does not take, and writes the rest', () => {
    test('messages that are too large for it', async () => {
      const topic = await newTopic(1, { 'max.message.bytes': '50000' })
      const select = `SELECT id, repeat('x', IF(id IN (7, 19), 60000, 3000)) AS text FROM range(40) AS r(id)`
      const rejected = await writeEpoch(sinkOf({ topic }), select)
      expect(rejected).toMatchObject([
        { rowid: 7, code: 'record.bad', message: expect.stringContaining('max.message.bytes') },
        { rowid: 19 },
      ])
      const found = (await consumed(lent.brokers, topic)).map(({ value }) => JSON.parse(value!).id)
      expect(found).toEqual(Array.from({ length: 40 }, (_, id) => id).filter((id) => id !== 7 && id !== 19))
    })

    test('messages without a key, where it is compacted', async () => {
      const topic = await newTopic(1, { 'cleanup.policy': 'compact' })
      const rejected = await writeEpoch(
        sinkOf({ topic, key: 'k' }),
        `SELECT id, IF(id % 3 = 1, NULL, 'k' || id) AS k FROM range(9) AS r(id)`,
      )
      expect(rejected.map(({ rowid }) => rowid)).toEqual([1, 4, 7])
      expect(await consumed(lent.brokers, topic)).toHaveLength(6)
    })
  })

  test('AT_LEAST_ONCE keeps no marks, and shows messages as they are written', async () => {
    const topic = await newTopic()
    const sink = sinkOf({ topic }, 'AT_LEAST_ONCE')
    const key = { lineageId: randomUUID(), sinkUid: 'out', subtask: 0 }
    await session.run('CREATE OR REPLACE TABLE written AS SELECT 1 AS id')
    const schema = [{ name: 'id', type: 'INTEGER' }]
    await sink.prepare([key], schema, fence())
    const open = await sink.open(key, fence(), schema)
    expect(open.committed).toBeNull()
    await open.append({ table: '"written"', schema, records: 1 }, session)
    expect(await consumed(lent.brokers, topic)).toHaveLength(1)
    await open.commit(mark(1, 1))
    await open.close()
    const next = await sink.open(key, fence({ epoch: 2 }), schema)
    expect(next.committed).toBeNull()
    await next.close()
  })

  test('a transaction that the brokers have ended is told from a newer attempt', async () => {
    const topic = await newTopic()
    const sink = sinkOf({ topic })
    const key = { lineageId: randomUUID(), sinkUid: 'out', subtask: 0 }
    const schema = [{ name: 'id', type: 'INTEGER' }]
    await sink.prepare([key], schema, fence())
    const open = await sink.open(key, fence({ attempt: 2 }), schema)
    // Somebody of an equal fence takes it away; whoever has an older one does not even get so far.
    await expect(sink.open(key, fence({ attempt: 1 }), schema)).rejects.toMatchObject({ code: 'fenced' })
    await session.run('CREATE OR REPLACE TABLE written AS SELECT 1 AS id')
    expect(await open.append({ table: '"written"', schema, records: 1 }, session)).toEqual([])
    const other = await sink.open(key, fence({ attempt: 2 }), schema)
    await expect(open.commit(mark(1, 1))).rejects.toMatchObject({ code: 'sink.refused' })
    await open.close()
    await other.commit(mark(1, 0))
    await other.close()
    expect(await consumed(lent.brokers, topic)).toEqual([])
  })

  test('a mark is one only if its transaction was committed, and transactions of others are not waited for', async () => {
    const topic = await newTopic()
    const sink = sinkOf({ topic })
    const key = { lineageId: randomUUID(), sinkUid: 'out', subtask: 0 }
    const schema = [{ name: 'id', type: 'INTEGER' }]
    await sink.prepare([key], schema, fence())
    await withClient(connection(), new AbortController().signal, 'WORK', async (client) => {
      const partition = await progressPartition(client, key)
      const producer = await initProducer(client, randomUUID())
      const writer = topicWriter(client, producer, progressTopic, 'none')
      // It stands before everything that follows, and is open until the end of this test.
      const other = await initProducer(client, randomUUID())
      const stranger = { ...key, subtask: 1 }
      await writeProgress(topicWriter(client, other, progressTopic, 'none'), partition, stranger, 'mark', mark(9, 9))

      await writeProgress(writer, partition, key, 'mark', mark(1, 5))
      expect((await readProgress(client, partition, key)).mark).toBeNull()
      await endTransaction(client, producer, false)
      const first = await sink.open(key, fence(), schema)
      expect(first.committed).toBeNull()
      await first.commit(mark(1, 0))
      await first.close()
      const second = await sink.open(key, fence({ epoch: 2 }), schema)
      expect(second.committed).toEqual(mark(1, 0))
      await second.close()
      await endTransaction(client, other, false)
    })
  })

  test('what does not fit is said before anything runs, all at once', async () => {
    const topic = await newTopic()
    const schema = [
      { name: 'id', type: 'BIGINT' },
      { name: 'name', type: 'VARCHAR' },
      { name: 'more', type: 'VARCHAR' },
    ]
    const config = { topic: `${topic}x`, key: 'idd', headers: { h: 'namee' }, format: 'raw' }
    expect((await sinkOf(config).check(schema)).map(({ pointer, hint }) => [pointer, hint])).toEqual([
      ['/topic', `Did you mean \`${topic}\`?`],
      ['/key', 'Did you mean `id`?'],
      ['/headers/h', 'Did you mean `name`?'],
      ['/format', 'Select one column with MAP.'],
    ])
    expect(await sinkOf({ topic }).check(schema)).toEqual([])
  })
})
