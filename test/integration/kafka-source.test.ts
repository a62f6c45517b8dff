import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Admin } from '@platformatic/kafka'
import { kafka } from '../../connectors/kafka/index.js'
import type { ConnectorContext, Source } from '../../connectors/spi.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { large, readAll } from '../conformance/read-all.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { makeTopic, type Sent, send } from '../support/kafka.js'
import { until } from '../support/until.js'

let folder: string
let session: Session
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-source-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
})
afterAll(async () => {
  session?.close()
  await rm(folder, { recursive: true, force: true })
})

const context = (mode: 'BATCH' | 'STREAMING' = 'BATCH'): ConnectorContext => ({
  base: '/',
  fileRoots: [],
  signal: new AbortController().signal,
  job: { mode, delivery: 'EXACTLY_ONCE' },
})

describeWithKafka('the source of kafka', (lent) => {
  const newTopic = async (messages: readonly Sent[] = [], partitions = 1, configs = {}) => {
    const topic = `in-${Date.now().toString(36)}-${++number}`
    await makeTopic(lent.brokers, topic, partitions, configs)
    if (messages.length > 0) await send(lent.brokers, topic, messages)
    return topic
  }
  const sourceOf = (config: Record<string, unknown>, mode: 'BATCH' | 'STREAMING' = 'BATCH'): Source => {
    const connection = kafka.connection!.config.parse({ brokers: [lent.brokers] })
    return kafka.source!.open(kafka.source!.config.parse({ connection, ...config }), connection, context(mode))
  }
  const withAdmin = async <T>(use: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new Admin({ clientId: 'outside', bootstrapBrokers: [lent.brokers] })
    try {
      return await use(admin)
    } finally {
      await admin.close()
    }
  }
  const ids = (from: number, to: number): Sent[] =>
    Array.from({ length: to - from }, (_, index) => ({
      value: `{"id":${from + index}}`,
      timestamp: 1_000_000 + from + index,
    }))
  const read = async (source: Source, from: unknown = null) => {
    const all = await readAll(source, session, { from })
    return { ...all, ids: all.records.map(([id]) => Number(id)) }
  }
  const columns = { id: 'BIGINT' }

  describe('begins and ends', () => {
    test('at a time, and at the offsets of its start', async () => {
      const topic = await newTopic(ids(0, 20))
      const at = (moment: number) => ({ timestamp: moment })
      expect((await read(sourceOf({ topic, columns, startFrom: at(1_000_005) }))).ids).toEqual(range(5, 20))
      expect((await read(sourceOf({ topic, columns, endAt: at(1_000_007) }))).ids).toEqual(range(0, 7))
      expect((await read(sourceOf({ topic, columns, startFrom: at(2_000_000) }))).ids).toEqual([])
      const iso = new Date(1_000_018).toISOString()
      expect((await read(sourceOf({ topic, columns, startFrom: at(iso as never) }))).ids).toEqual([18, 19])

      const source = sourceOf({ topic, columns })
      const first = await source.plan(null, { records: 5, bytes: 1_000_000 }, 1)
      await send(lent.brokers, topic, ids(20, 25))
      const rest = await read(source, first.to)
      expect(rest.ids).toEqual(range(5, 20))
      // The next execution of the lineage goes on from there.
      expect((await read(sourceOf({ topic, columns }), rest.positions.at(-1))).ids).toEqual(range(20, 25))
    })

    test('with the messages to come', async () => {
      const topic = await newTopic(ids(0, 5), 2)
      const source = sourceOf({ topic, columns, startFrom: 'LATEST' }, 'STREAMING')
      const first = await source.plan(null, large, 1)
      expect(first).toMatchObject({ splits: [[]], end: false })
      await send(lent.brokers, topic, ids(5, 8))
      const second = await source.plan(first.to, large, 1)
      expect(second.splits).toMatchObject([[{ partition: 0, from: 5, to: 8 }]])
    })

    test('never, where a job is STREAMING, which `endAt` cannot change', async () => {
      const topic = await newTopic(ids(0, 5))
      const first = await sourceOf({ topic, columns }, 'STREAMING').plan(null, large, 1)
      expect(first.end).toBe(false)
      expect(await sourceOf({ topic, columns }, 'STREAMING').plan(first.to, large, 1)).toMatchObject({ splits: [[]] })
      await expect(sourceOf({ topic, columns, endAt: 'LATEST' }, 'STREAMING').schema()).rejects.toMatchObject({
        code: 'config.invalid',
        pointer: '/endAt',
      })
    })
  })

  test('partitions that are added while it runs are read from their first message', async () => {
    const topic = await newTopic(ids(0, 3))
    const source = sourceOf({ topic, columns, startFrom: 'LATEST' }, 'STREAMING')
    const first = await source.plan(null, large, 2)
    await withAdmin((admin) =>
      admin.createPartitions({
        topics: [{ name: topic, count: 3, assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] }],
      }),
    )
    await sleep(500)
    await send(lent.brokers, topic, [
      { value: '{"id":7}', partition: 1 },
      { value: '{"id":8}', partition: 2 },
    ])
    const second = await source.plan(first.to, large, 2)
    expect(second.splits).toMatchObject([[{ partition: 2, from: 0, to: 1 }], [{ partition: 1, from: 0, to: 1 }]])
  })

  test('an epoch is shared out among partitions, so that none waits for another', async () => {
    const topic = await newTopic([], 3)
    await send(lent.brokers, topic, [
      ...ids(0, 90).map((one) => ({ ...one, partition: 0 })),
      ...ids(90, 100).map((one) => ({ ...one, partition: 1 })),
    ])
    const plan = await sourceOf({ topic, columns }).plan(null, { records: 60, bytes: 1_000_000 }, 1)
    expect(plan.splits).toMatchObject([
      [
        { partition: 0, from: 0, to: 50 },
        { partition: 1, from: 0, to: 10 },
      ],
    ])
    const bytes = await sourceOf({ topic, columns }).plan(null, { records: 60, bytes: 400 }, 1)
    expect((bytes.splits[0] as { to: number }[])[0]!.to).toBeLessThan(30)
  })

  test('what is in an open transaction is not read, nor what stands behind it, until it ends', async () => {
    const topic = await newTopic(ids(0, 3))
    const abort = await send(lent.brokers, topic, ids(3, 6), 'OPEN')
    await send(lent.brokers, topic, ids(6, 9))
    expect((await read(sourceOf({ topic, columns }))).ids).toEqual(range(0, 3))
    await abort()
    await until('the abort is written', async () => (await read(sourceOf({ topic, columns }))).ids.length === 6)
    expect((await read(sourceOf({ topic, columns }))).ids).toEqual([0, 1, 2, 6, 7, 8])
  })

  test('offsets that compaction has left empty are passed over', async () => {
    const compacted = {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'min.compaction.lag.ms': '0',
      'delete.retention.ms': '100',
    }
    const topic = await newTopic([], 1, compacted)
    for (let round = 0; round < 4; round += 1) {
      await send(
        lent.brokers,
        topic,
        ids(0, 50).map((one, id) => ({ ...one, key: `k${id % 5}`, timestamp: Date.now() })),
      )
      await sleep(150)
    }
    await send(lent.brokers, topic, [{ key: 'last', value: '{"id":1000}' }])
    // The cleaner comes more than once: read with large and with small budgets between two of its visits, it is the same.
    const { seen, small } = await until(
      'the cleaner was there, and is gone',
      async () => {
        const all = await read(sourceOf({ topic, columns, metadata: ['offset'] }))
        const parts = await readAll(sourceOf({ topic, columns, metadata: ['offset'] }), session, {
          budget: { records: 9, bytes: 1_000_000 },
        })
        const isSettled = all.ids.length < 150 && parts.records.length === all.records.length
        return isSettled ? { seen: all, small: parts } : null
      },
      { withinMs: 60_000, everyMs: 500 },
    )
    expect(seen.ids.at(-1)).toBe(1000)
    expect(new Set(seen.ids)).toEqual(expect.objectContaining(new Set([45, 46, 47, 48, 49, 1000])))
    // The planned range is exact, whatever is in it.
    expect(seen.positions.at(-1)).toMatchObject({ next: { 0: 201 } })
    expect(small.records).toEqual(seen.records)
  }, 90_000)

  describe('messages that are gone', () => {
    test('before they were read are an error that names them, at the plan and in mid-epoch', async () => {
      const topic = await newTopic(ids(0, 20))
      const source = sourceOf({ topic, columns })
      const first = await source.plan(null, { records: 5, bytes: 1_000_000 }, 1)
      await withAdmin((admin) =>
        admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 8n }] }] } as never),
      )
      const gone = { code: 'source.missing', message: expect.stringMatching(/partition 0.*offset 5 to 7 are gone/) }
      await expect(source.plan(first.to, large, 1)).rejects.toMatchObject(gone)
      await expect(read(sourceOf({ topic, columns }), first.to)).rejects.toMatchObject(gone)
      const planned = {
        ...first,
        splits: [[{ topicId: (first.to as { topicId: string }).topicId, partition: 0, from: 5, to: 10 }]],
      }
      const late = { schema: () => source.schema(), read: source.read, plan: async () => ({ ...planned, end: true }) }
      await expect(readAll(late, session)).rejects.toMatchObject(gone)
    })

    test('with their topic are an error, also where there is one of the same name again', async () => {
      const topic = await newTopic(ids(0, 20))
      const source = sourceOf({ topic, columns })
      const first = await source.plan(null, { records: 5, bytes: 1_000_000 }, 1)
      await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
      await until('it is gone', async () =>
        source.plan(first.to, large, 1).then(
          () => false,
          (error) => error.code === 'source.missing',
        ),
      )
      await makeTopic(lent.brokers, topic)
      await send(lent.brokers, topic, ids(100, 120))
      await expect(source.plan(first.to, large, 1)).rejects.toMatchObject({ code: 'source.changed' })
      await expect(readAll({ ...source, plan: async () => ({ ...first, end: true }) }, session)).rejects.toMatchObject({
        code: 'source.changed',
      })
    })
  })

  test('a consumer group hears how far the checkpoints are', async () => {
    const topic = await newTopic(ids(0, 10), 2)
    const groupId = `${topic}-watched`
    await read(sourceOf({ topic, columns, groupId }))
    const [told] = await withAdmin((admin) => admin.listConsumerGroupOffsets({ groups: [groupId] }))
    const offsets = told!.topics[0]!.partitions.map((one) => [one.partitionIndex, Number(one.committedOffset)] as const)
    expect(new Map(offsets)).toEqual(
      new Map([
        [0, 10],
        [1, 0],
      ]),
    )
  })

  describe('values', () => {
    test('of JSON: a bad message is set aside with its place, and the others are read', async () => {
      const values: (string | Buffer | null)[] = [
        '{"id": 1, "name": "é🜚\\u0000\\n", "amount": 12345678901234567.89}',
        'not json',
        '{"id": "two"}',
        '',
        ' \n',
        '{"id": 3}{"id": 4}',
        '[5]',
        Buffer.from([0x7b, 0x22, 0x69, 0x64, 0x22, 0x3a, 0x36, 0x2c, 0x22, 0x6e, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
        null,
        '{"id":\n7}\n',
        '{"more": 1, "id": 9007199254740993}',
      ]
      const topic = await newTopic(values.map((value) => ({ value })))
      const all = await readAll(
        sourceOf({ topic, columns: { id: 'BIGINT', name: 'VARCHAR', amount: 'DECIMAL(20,2)' }, metadata: ['offset'] }),
        session,
      )
      expect(all.records).toEqual([
        [1n, 'é🜚\u0000\n', '12345678901234567.89', 0n],
        [null, null, null, 8n],
        [7n, null, null, 9n],
        [9007199254740993n, null, null, 10n],
      ])
      expect(all.rejected.map(({ place }) => place.offset)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(all.rejected[1]).toMatchObject({
        original: '{"id": "two"}',
        code: 'record.bad',
        place: { topic, partition: 0, offset: 2 },
        message: expect.stringContaining('"id"'),
      })
      expect(all.places).toEqual([0, 8, 9, 10].map((offset) => ({ topic, partition: 0, offset })))
    })

    test('of CSV: one line each, with its quotes and line ends', async () => {
      const values = [
        '1,"a ""b""\nc"',
        '2,x\n',
        '3,x\r\n',
        '4',
        '5,"open',
        '6,x\n7,y',
        null,
        '8,',
        '9,a,b',
        'ten,x',
        '',
      ]
      const topic = await newTopic(values.map((value) => ({ value })))
      const config = { topic, format: 'csv', columns: { id: 'BIGINT', name: 'VARCHAR' } }
      const all = await readAll(sourceOf({ ...config, metadata: ['offset'] }), session)
      expect(all.records).toEqual([
        [1n, 'a "b"\nc', 0n],
        [2n, 'x', 1n],
        [3n, 'x', 2n],
        [null, null, 6n],
        [8n, null, 7n],
      ])
      expect(all.rejected.map(({ place }) => place.offset)).toEqual([3, 4, 5, 8, 9, 10])
      expect((await readAll(sourceOf(config), session)).rejected).toEqual(all.rejected)
    })

    test('as they are: text, bytes, nothing', async () => {
      const bytes = Buffer.from([0, 255, 34, 10, 44])
      const topic = await newTopic([{ value: 'a,"b"\n' }, { value: '' }, { value: null }, { value: bytes }])
      const text = await readAll(sourceOf({ topic, format: 'raw' }), session)
      expect(text.records).toEqual([['a,"b"\n'], [''], [null]])
      expect(text.rejected).toMatchObject([{ place: { offset: 3 }, message: expect.stringContaining('BLOB') }])
      const blobs = await readAll(sourceOf({ topic, format: 'raw', columns: { body: 'BLOB' } }), session)
      expect(blobs.records.map(([value]) => value && Buffer.from(value as Uint8Array))).toEqual([
        Buffer.from('a,"b"\n'),
        Buffer.from(''),
        null,
        bytes,
      ])
    })

    test('have their metadata beside them', async () => {
      const topic = await newTopic([
        {
          value: '{"id":1}',
          key: 'k "1"',
          headers: { trace: 'ü', other: '' },
          timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
        },
        { value: '{"id":2}' },
        { value: '{"id":3}', key: Buffer.from([255]) },
      ])
      const metadata = ['headers', 'key', 'timestamp', 'offset', 'partition', 'topic']
      const source = sourceOf({ topic, metadata })
      expect((await source.schema()).map(({ name, type }) => `${name} ${type}`)).toEqual([
        'id BIGINT',
        'headers MAP(VARCHAR, VARCHAR)',
        'key VARCHAR',
        'timestamp TIMESTAMP',
        'offset BIGINT',
        'partition INTEGER',
        'topic VARCHAR',
      ])
      const all = await readAll(source, session)
      expect(all.records[0]).toEqual([
        1n,
        [
          ['trace', 'ü'],
          ['other', ''],
        ],
        'k "1"',
        '2026-01-02 03:04:05.678',
        0n,
        0,
        topic,
      ])
      expect(all.records[1]!.slice(0, 3)).toEqual([2n, [], null])
      expect(all.rejected).toMatchObject([{ message: 'Its key is not text in UTF-8.', place: { offset: 2 } }])
      await expect(
        sourceOf({ topic: await newTopic([{ value: '{"Offset":1}' }]), metadata }).schema(),
      ).rejects.toMatchObject({
        code: 'config.invalid',
        pointer: '/metadata',
      })
    })

    test.each(['gzip', 'snappy', 'lz4', 'zstd'])('that a broker compressed with %s', async (compression) => {
      const topic = await newTopic(ids(0, 3000), 1, { 'compression.type': compression })
      expect((await read(sourceOf({ topic, columns }))).ids).toEqual(range(0, 3000))
    })

    test('of several MiB, and many of them', async () => {
      const topic = await newTopic([], 1, { 'max.message.bytes': '30000000' })
      const long = (id: number, length: number) => ({ value: JSON.stringify({ id, text: 'x'.repeat(length) }) })
      await send(lent.brokers, topic, [long(0, 20_000_000)])
      for (let id = 1; id <= 40; id += 1) await send(lent.brokers, topic, [long(id, 1_000_000)])
      const all = await readAll(sourceOf({ topic, columns: { id: 'BIGINT', text: 'VARCHAR' } }), session)
      expect(all.records.map(([id, text]) => [Number(id), String(text).length])).toEqual([
        [0, 20_000_000],
        ...range(1, 41).map((id) => [id, 1_000_000]),
      ])
    }, 60_000)
  })

  test('bad messages can be read again from their own words, corrected or not', async () => {
    const topic = await newTopic([
      { value: '{"id":"one"}', key: 'k1', headers: { h: 'x' }, timestamp: 1_000_000 },
      { value: '{"id":2}' },
      { value: Buffer.from([255]) },
      { value: '{"id":"three"}', key: 'k3' },
    ])
    const source = sourceOf({ topic, columns, metadata: ['key', 'timestamp', 'headers', 'partition'] })
    const { rejected } = await readAll(source, session)
    expect(rejected.map(({ form }) => form?.kind)).toEqual(['TEXT', 'CUT', 'TEXT'])
    const kept = rejected.filter(({ form }) => form!.kind === 'TEXT')
    const records = kept.map(({ original, form, place }, index) => ({
      text: index === 0 ? original.replace('"one"', '1') : original,
      form: form!,
      place,
    }))
    const batches = []
    for await (const batch of source.again!(records, await source.schema(), session)) {
      const isolated = await batch.isolate()
      batches.push({ rows: await session.rows(isolated.select), place: batch.place(0), rejected: isolated.rejected })
      await batch.release()
    }
    expect(batches).toEqual([
      {
        rows: [[1n, 'k1', '1970-01-01 00:16:40', [['h', 'x']], 0]],
        place: { record: 0 },
        rejected: [expect.objectContaining({ place: { record: 1 }, original: '{"id":"three"}' })],
      },
    ])
  })

  test('whoever waits is told of a message and of a partition, once there is one', async () => {
    const topic = await newTopic(ids(0, 3))
    const source = sourceOf({ topic, columns }, 'STREAMING')
    const { to } = await source.plan(null, large, 1)
    let told = 0
    const wait = () => source.awaitInput!(to).then(() => (told += 1))
    const waiting = [wait(), wait()]
    await sleep(1500)
    expect(told).toBe(0)
    await send(lent.brokers, topic, ids(3, 4))
    await Promise.all(waiting)
    const { to: after } = await source.plan(to, large, 1)
    const onPartition = source.awaitInput!(after)
    await withAdmin((admin) =>
      admin.createPartitions({ topics: [{ name: topic, count: 2, assignments: [{ brokerIds: [1] }] }] }),
    )
    await onPartition
  })

  test('what is not there is said, with what is near', async () => {
    const topic = await newTopic()
    await expect(sourceOf({ topic: `${topic}x`, columns }).schema()).rejects.toMatchObject({
      code: 'source.missing',
      pointer: '/topic',
      hint: `Did you mean \`${topic}\`?`,
    })
    await expect(sourceOf({ topic }).schema()).rejects.toMatchObject({ code: 'source.unreadable', pointer: '/columns' })
    const connection = kafka.connection!.config.parse({ brokers: ['127.0.0.1:1'] })
    await expect(kafka.connection!.check(connection, context())).rejects.toMatchObject({ code: 'connection.refused' })
  })
})

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
