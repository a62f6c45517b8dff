import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { withOwnSession } from '../../connectors/own-session.js'
import type { Mark, OpenSink, Sink, SinkBatch, SinkKey, SinkQuery } from '../../connectors/spi.js'
import type { Fence } from '../../core/execution/fence.js'
import type { Schema } from '../../core/record/schema.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'

/** A sink into an empty target; `visible` looks at the target from outside. */
export interface SinkUnderTest {
  open(): Sink
  /** `id` of every record that is visible; with `queries` in the order in which they were appended. */
  visible(): Promise<number[]>
  /** It has `stageQuery`. */
  readonly queries?: boolean
}

const schema: Schema = [
  { name: 'id', type: 'BIGINT' },
  { name: 'name', type: 'VARCHAR' },
]

/** What every exactly-once sink upholds. */
export function describeSink(name: string, setUp: () => Promise<SinkUnderTest>): void {
  describe(`sink ${name}`, () => {
    let under: SinkUnderTest
    let session: Session
    let folder: string
    let key: SinkKey

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'conformance-'))
      await mkdir(join(folder, 'session'))
      session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
    })
    afterAll(async () => {
      session?.close()
      await rm(folder, { recursive: true, force: true })
    })
    beforeEach(async () => {
      under = await setUp()
      key = { lineageId: randomUUID(), sinkUid: 'target', subtask: 0 }
      await under.open().prepare([key], schema, fence())
    })

    const write = async (sink: OpenSink, ...ids: number[]) => {
      const batch = await batchOf(session, ids)
      return sink.append(batch, session)
    }
    const epoch = async (number: number, ids: number[], attempt = 1) => {
      const sink = await under.open().open(key, fence({ epoch: number, attempt }), schema)
      await write(sink, ...ids)
      await sink.commit(mark(number, ids.length))
      await sink.close()
    }

    test('shows an epoch once it is committed, and nothing of it before', async () => {
      const sink = await under.open().open(key, fence(), schema)
      expect(sink.committed).toBeNull()
      expect(await write(sink, 1, 2)).toEqual([])
      const bytes = sink.bytes?.()
      await write(sink, 3)
      if (bytes !== undefined) expect([bytes > 0, sink.bytes!() > bytes]).toEqual([true, true])
      expect(await under.visible()).toEqual([])
      await sink.commit(mark(1, 3))
      await sink.close()
      expect(await under.visible()).toEqual([1, 2, 3])
    })

    test('tells whoever comes next which epoch is visible, with its mark', async () => {
      await epoch(1, [1, 2])
      const again = await under.open().open(key, fence({ attempt: 2 }), schema)
      expect(again.committed).toEqual(mark(1, 2))
      await again.close()
      await epoch(2, [3], 2)
      expect(await under.visible()).toEqual([1, 2, 3])
    })

    test('marks an epoch without records', async () => {
      await epoch(1, [])
      const next = await under.open().open(key, fence({ epoch: 2 }), schema)
      expect(next.committed).toEqual(mark(1, 0))
      await next.close()
    })

    test('drops what was not committed', async () => {
      const sink = await under.open().open(key, fence(), schema)
      await write(sink, 9)
      await sink.close()
      await sink.close()
      await epoch(1, [1], 2)
      await under.open().finish([key], fence({ attempt: 2, activityAttempt: 9 }))
      expect(await under.visible()).toEqual([1])
    })

    test('refuses an attempt that was overtaken, wherever it stands', async () => {
      const old = await under.open().open(key, fence({ attempt: 1 }), schema)
      await write(old, 1)
      const newer = await under.open().open(key, fence({ attempt: 2 }), schema)
      await expect(old.commit(mark(1, 1))).rejects.toMatchObject({ code: 'fenced' })
      await old.close()
      await write(newer, 1)
      await newer.commit(mark(1, 1))
      await newer.close()
      await expect(under.open().open(key, fence({ attempt: 1 }), schema)).rejects.toMatchObject({ code: 'fenced' })
      expect(await under.visible()).toEqual([1])
    })

    test('refuses a writer for which nothing was prepared', async () => {
      const stranger = { ...key, lineageId: randomUUID() }
      await expect(under.open().open(stranger, fence(), schema)).rejects.toMatchObject({ code: 'fenced' })
    })

    test('keeps writers of several subtasks and lineages apart', async () => {
      const other = { ...key, lineageId: randomUUID() }
      const second = { ...key, subtask: 1 }
      await under.open().prepare([key, second], schema, fence())
      await under.open().prepare([other], schema, fence())
      for (const [index, one] of [key, second, other].entries()) {
        const sink = await under.open().open(one, fence(), schema)
        await write(sink, index)
        await sink.commit(mark(1, 1))
        await sink.close()
      }
      expect((await under.visible()).sort()).toEqual([0, 1, 2])
    })

    test('gives up what is under way when it is cancelled, shows nothing of it, and keeps nobody waiting', async () => {
      const sink = await under.open().open(key, fence(), schema)
      await session.run(
        "CREATE OR REPLACE TABLE sink_batch AS SELECT range AS id, 'name ' || range AS name FROM range(200000)",
      )
      const interrupting = setInterval(() => session.interrupt(), 5)
      await expect(sink.append({ table: '"sink_batch"', schema, records: 200_000 }, session)).rejects.toMatchObject({
        name: 'JobError',
      })
      clearInterval(interrupting)
      await sink.close()
      expect(await under.visible()).toEqual([])
      await epoch(1, [1], 2)
      expect(await under.visible()).toEqual([1])
    })

    describe('where it takes queries', () => {
      const query = (...ids: number[]) => ({
        select: `SELECT id, 'name ' || id AS name FROM (SELECT unnest([${ids.join(', ')}]::BIGINT[]) AS id)`,
        schema,
      })
      const bad = { select: "SELECT CAST(id AS BIGINT) AS id, id AS name FROM (VALUES ('7'), ('x')) AS t(id)", schema }
      const opened = async (attempt = 1) => {
        const sink = await under.open().open(key, fence({ attempt }), schema)
        expect(sink.stageQuery !== undefined).toBe(under.queries === true)
        return { sink, stage: sink.stageQuery && ((one: SinkQuery) => sink.stageQuery!(one, session)) }
      }

      test('nothing stays of what is staged and not appended', async () => {
        const before = await readdir(session.folder)
        const { sink, stage } = await opened()
        await stage?.(query(8, 9))
        await write(sink, 1)
        await sink.commit(mark(1, 1))
        await sink.close()
        expect(await under.visible()).toEqual([1])
        const { sink: second, stage: stageAgain } = await opened(2)
        await stageAgain?.(query(8, 9))
        await second.close()
        await under.open().finish([key], fence({ attempt: 2, epoch: 2 }))
        expect(await under.visible()).toEqual([1])
        expect(await readdir(session.folder)).toEqual(before)
      })

      test('batches stand in the order in which they were appended, whichever was staged first', async () => {
        const { sink, stage } = await opened()
        if (stage !== undefined) {
          const [first, second] = [await stage(query(1, 2)), await stage(query(3))]
          expect([first.records, second.records]).toEqual([2, 1])
          await second.append()
          const [third] = await Promise.all([stage(query(5, 4)), first.append()])
          await third.append()
        } else await write(sink, 3, 1, 2, 5, 4)
        await sink.commit(mark(1, 5))
        await sink.close()
        const visible = await under.visible()
        expect(under.queries === true ? visible : visible.toSorted()).toEqual(
          under.queries === true ? [3, 1, 2, 5, 4] : [1, 2, 3, 4, 5],
        )
      })

      test('nothing stays of one with a bad record, and its good ones come as a table', async () => {
        const before = await readdir(session.folder)
        const { sink, stage } = await opened()
        if (stage !== undefined) {
          const good = await stage(query(1))
          await good.append()
          const refused = stage(bad).then((staged) => staged.append())
          await expect(refused).rejects.toMatchObject({ code: 'record.bad' })
        } else await write(sink, 1)
        await write(sink, 7)
        await sink.commit(mark(1, 2))
        await sink.close()
        expect((await under.visible()).toSorted()).toEqual([1, 7])
        expect(await readdir(session.folder)).toEqual(before)
      })
    })

    test('finishes once and again', async () => {
      await epoch(1, [1, 2])
      await under.open().finish([key], fence({ epoch: 2 }))
      await under.open().finish([key], fence({ epoch: 2 }))
      expect(await under.visible()).toEqual([1, 2])
    })
  })
}

/** What a sink upholds that can show an epoch twice, or nothing at all. */
export interface LooseSink {
  open(): Sink
  /** How much of it somebody has seen so far. */
  shown(): number
  /** What is appended cannot be taken back. */
  readonly atOnce?: true
}

export function describeLooseSink(name: string, setUp: () => LooseSink): void {
  describe(`sink ${name}`, () => {
    test('takes epochs, also those without records, and shows none before it must', async () => {
      await withOwnSession(async (session) => {
        const { open, shown, atOnce = false } = setUp()
        const key = { lineageId: randomUUID(), sinkUid: 'target', subtask: 0 }
        for (let time = 0; time < 2; time += 1) await open().prepare([key], schema, fence())
        expect(await open().check(schema)).toEqual([])
        const dropped = await open().open(key, fence(), schema)
        expect(dropped.committed).toBeNull()
        expect(await dropped.append(await batchOf(session, [1, 2]), session)).toEqual([])
        await dropped.close()
        await dropped.close()
        if (!atOnce) expect(shown()).toBe(0)
        const sink = await open().open(key, fence({ attempt: 2 }), schema)
        await sink.append(await batchOf(session, [1, 2]), session)
        await sink.append(await batchOf(session, [3]), session)
        if (!atOnce) expect(shown()).toBe(0)
        await sink.commit(mark(1, 3))
        await sink.close()
        const after = shown()
        const empty = await open().open(key, fence({ epoch: 2 }), schema)
        await empty.commit(mark(2, 0))
        await empty.close()
        for (let time = 0; time < 2; time += 1) await open().finish([key], fence({ epoch: 3 }))
        expect(shown()).toBe(after)
      })
    })
  })
}

export const fence = (part: Partial<Fence> = {}): Fence => ({
  generation: 1,
  attempt: 1,
  epoch: 1,
  activityAttempt: 1,
  ...part,
})

export const mark = (epoch: number, written: number): Mark => ({
  epoch,
  written,
  rejects: null,
  counters: JSON.stringify({ epoch }),
})

export async function batchOf(session: Session, ids: readonly number[]): Promise<SinkBatch> {
  await session.run('CREATE OR REPLACE TABLE sink_batch (id BIGINT, name VARCHAR)')
  if (ids.length > 0) await session.append('sink_batch', [ids.map(BigInt), ids.map((id) => `name "${id}", ünï\n`)])
  return { table: '"sink_batch"', schema, records: ids.length }
}
