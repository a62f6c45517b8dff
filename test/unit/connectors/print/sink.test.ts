import { Writable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { sinkConfig } from '../../../../connectors/print/config.js'
import { printSink } from '../../../../connectors/print/sink.js'
import type { OpenSink } from '../../../../connectors/spi.js'
import type { Session } from '../../../../duckdb/session.js'
import { fence, mark } from '../../../conformance/sink-suite.js'
import { withSession } from '../generator/generate.js'

const schema = [
  { name: 'id', type: 'BIGINT' },
  { name: 'x', type: 'DOUBLE' },
]

function paper(): { readonly stream: Writable; text(): string } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  return { stream, text: () => text }
}

async function printed(
  config: object,
  act: (sink: OpenSink, append: (from: number, to: number) => Promise<void>) => Promise<void>,
) {
  const [out, err] = [paper(), paper()]
  await withSession(2, async (session) => {
    const kind = printSink(sinkConfig.parse(config), { STDOUT: out.stream, STDERR: err.stream })
    const sink = await kind.open({ lineageId: 'l', sinkUid: 's', subtask: 0 }, fence(), schema)
    expect(sink.committed).toBeNull()
    await act(sink, (from, to) => appendTo(sink, session, from, to))
    await sink.close()
  })
  return { out: out.text(), err: err.text() }
}

async function appendTo(sink: OpenSink, session: Session, from: number, to: number): Promise<void> {
  await session.run(
    `CREATE OR REPLACE TABLE batch AS SELECT n AS id, CASE WHEN n = 1 THEN 'nan'::DOUBLE ELSE n / 2 END AS x FROM range(${from}, ${to}) r(n)`,
  )
  expect(await sink.append({ table: '"batch"', schema, records: to - from }, session)).toEqual([])
}

describe('the sink print', () => {
  test('shows the records of an epoch when it is committed, as JSON lines on standard error', async () => {
    const { out, err } = await printed({}, async (sink, append) => {
      await append(0, 2)
      await append(2, 3)
      await sink.commit(mark(1, 3))
    })
    expect(err).toBe('{"id":0,"x":0.0}\n{"id":1,"x":"nan"}\n{"id":2,"x":1.0}\n')
    expect(out).toBe('')
  })

  test('shows no more than the limit, over all batches of an epoch', async () => {
    const { out } = await printed({ to: 'STDOUT', format: 'csv', limit: 3 }, async (sink, append) => {
      await append(4, 6)
      await append(6, 100_000)
      await append(0, 2)
      await sink.commit(mark(1, 100_000))
    })
    expect(out).toBe('id,x\n4,2.0\n5,2.5\n6,3.0\n')
  })

  test('shows nothing of an epoch that was not committed', async () => {
    const { err } = await printed({}, async (sink, append) => {
      await append(0, 2)
      await sink.close()
      await sink.commit(mark(1, 2))
    })
    expect(err).toBe('')
  })

  test('says so when nobody reads any more', () =>
    withSession(1, async (session) => {
      const closed = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
      const kind = printSink(sinkConfig.parse({}), { STDOUT: closed, STDERR: closed })
      const sink = await kind.open({ lineageId: 'l', sinkUid: 's', subtask: 0 }, fence(), schema)
      await appendTo(sink, session, 0, 1)
      await expect(sink.commit(mark(1, 1))).rejects.toMatchObject({ code: 'sink.refused' })
    }))
})
