import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sourceConfig } from '../../../../connectors/file/config.js'
import { fileSource } from '../../../../connectors/file/source.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'
import { noCapture } from '../../../conformance/read-all.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'many-bad-lines-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 1024 * 1024 * 1024, threads: 2 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const MILLION = 1_000_000

/** Every tenth line is bad, so that the good ones and their places are known without reading. */
test.each([
  ['that cannot be cast', 'csv', (n: number) => `name ${n},bad ${n}`],
  ['with too few fields', 'csv', (n: number) => `name ${n}`],
  ['with a carriage return outside of quotes', 'csv', (n: number) => `na\rme,${n}`],
  ['that are no JSON', 'jsonl', (n: number) => `{"a":"name ${n}","b":`],
  ['with a value of another type', 'jsonl', (n: number) => `{"a":"name ${n}","b":"bad ${n}"}`],
])(
  '100,000 lines of a million %s are told apart in seconds',
  async (_title, format, badLine) => {
    const goodLine = format === 'csv' ? (n: number) => `name ${n},${n}` : (n: number) => `{"a":"name ${n}","b":${n}}`
    const lines = Array.from({ length: MILLION }, (_, n) => (n % 10 === 3 ? badLine(n) : goodLine(n)))
    await writeFile(join(folder, `x.${format}`), `${lines.join('\n')}\n`)
    const config = { path: `x.${format}`, header: false, columns: { a: 'VARCHAR', b: 'BIGINT' } }
    const ctx = { base: folder, fileRoots: [folder], signal: new AbortController().signal }
    const source = fileSource(sourceConfig.parse(config), ctx)
    const started = performance.now()
    const plan = await source.plan(null, { records: MILLION * 2, bytes: MILLION * 1000 }, 1)
    const found = { good: 0, bad: 0, records: 0, wrong: [] as unknown[] }
    for await (const batch of source.read(plan.splits[0]![0]!, await source.schema(), session, noCapture)) {
      const { select, rejected } = await batch.isolate()
      const [row] = await session.rows(`SELECT count(*), min(b), max(b), sum(b) FROM (${select})`)
      const good = Number(row![0])
      found.records += batch.records ?? Number.NaN
      for (const { place, original } of rejected) {
        const n = (place.line ?? 0) - 1
        if (n !== found.bad * 10 + 3 || original !== badLine(n)) found.wrong.push([place, original])
        found.bad += 1
      }
      for (const [index, value] of [
        [0, row![1]],
        [good - 1, row![2]],
      ] as const)
        if (batch.place(index).line !== Number(value) + 1) found.wrong.push([batch.place(index), value])
      found.good += good
      await batch.release()
    }
    process.stdout.write(`${_title}: ${Math.round(performance.now() - started)} ms\n`)
    expect(found).toEqual({ good: 900_000, bad: 100_000, records: MILLION, wrong: [] })
  },
  180_000,
)
