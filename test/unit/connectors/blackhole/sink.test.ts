import { expect, test } from '@jest/globals'
import { blackhole } from '../../../../connectors/blackhole/index.js'
import { batchOf, fence, mark } from '../../../conformance/sink-suite.js'
import { withSession } from '../generator/generate.js'

const ctx = { base: '/', fileRoots: [], signal: new AbortController().signal }

test('takes everything, and shows neither records nor a mark to whoever comes next', () =>
  withSession(1, async (session) => {
    const sink = blackhole.sink!.open({}, null, ctx)
    const key = { lineageId: 'l', sinkUid: 's', subtask: 0 }
    const batch = await batchOf(session, [1, 2, 3])
    await sink.prepare([key], batch.schema, fence())
    for (const attempt of [1, 2]) {
      const open = await sink.open(key, fence({ attempt }), batch.schema)
      expect(open.committed).toBeNull()
      expect(await open.append(batch, session)).toEqual([])
      await open.commit(mark(1, 3))
      await open.close()
    }
    await sink.finish([key], fence())
  }))
