import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll } from '@jest/globals'
import { file } from '../../connectors/file/index.js'
import { withOwnSession } from '../../connectors/own-session.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeWithS3, keysOf } from '../support/describe-with-s3.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
const rows = Array.from({ length: 40 }, (_, n) => ({ id: n, name: n % 5 === 0 ? null : `n "${n}"\n,${'x'.repeat(n)}` }))
const csvText = (part: typeof rows) =>
  `id,name\n${part.map((row) => `${row.id},${row.name === null ? '' : `"${row.name.replaceAll('"', '""')}"`}\n`).join('')}`
const small = { records: 7, bytes: 200 }

describeWithS3('files in a bucket', (lent) => {
  let folder: string
  let number = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'conformance-s3-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const put = async (key: string, content: string | Uint8Array) => {
    const local = join(folder, 'put')
    await writeFile(local, content)
    await lent.bucket.put(key, { file: local })
  }
  const pathOf = (key: string) => `s3://${lent.s3.bucket}/${key}`
  const open = (key: string, config: Record<string, unknown> = {}) => {
    const parsed = file.source!.config.parse({ path: pathOf(key), ...config })
    return (signal = ctx.signal) => file.source!.open(parsed, lent.connection, { ...ctx, signal })
  }

  describeSource('file, CSV', async () => {
    await put('in/c-1.csv', csvText(rows.slice(0, 25)))
    await put('in/c-2.csv', csvText(rows.slice(25)))
    await put('in/_c-3.csv', csvText(rows))
    return { open: open('in/*.csv'), records: 40, small }
  })
  describeSource('file, compressed CSV', async () => {
    for (let n = 0; n < 4; n += 1) await put(`in/z/${n}/x.csv.gz`, gzipSync(csvText(rows.slice(n * 10, n * 10 + 10))))
    return { open: open('in/z/**/*.csv.gz'), records: 40, small: { records: 7, bytes: 50 } }
  })
  describeSource('file, JSON lines', async () => {
    await put('in/x.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
    return { open: open('in/x.jsonl'), records: 40, small }
  })
  describeSource('file, JSON documents', async () => {
    for (let n = 0; n < 4; n += 1) await put(`in/d-${n}.json`, JSON.stringify(rows.slice(n * 10, n * 10 + 10)))
    return { open: open('in/d-[0-9].json'), records: 40, small }
  })
  describeSource('file, Parquet', async () => {
    await withOwnSession(async (session) => {
      const local = join(session.folder, 'x.parquet')
      await writeFile(join(session.folder, 'x.json'), JSON.stringify(rows))
      await session.run(`COPY (FROM read_json('${session.folder}/x.json')) TO '${local}' (ROW_GROUP_SIZE 8)`)
      await lent.bucket.put('in/x.parquet', { file: local })
    })
    return { open: open('in/x.parquet'), records: 40, small: { records: 7, bytes: 1_000_000 } }
  })

  for (const format of ['csv', 'parquet']) {
    describeSink(`file, ${format} parts`, async () => {
      const key = `out-${++number}`
      return {
        queries: format === 'parquet',
        open: () => file.sink!.open(file.sink!.config.parse({ path: pathOf(key), format }), lent.connection, ctx),
        visible: async () => {
          const names = (await keysOf(lent.bucket, `${key}/`)).filter((name) => !/\/[._]/.test(name))
          const ids: number[] = []
          for (const name of names) ids.push(...(await idsOf(name, format)))
          return ids
        },
      }
    })
  }

  async function idsOf(key: string, format: string): Promise<number[]> {
    return withOwnSession(async (session) => {
      const local = join(session.folder, `x.${format}`)
      await lent.bucket.download(key, local)
      return (await session.rows(`SELECT id FROM '${local}'`)).map(([id]) => Number(id))
    })
  }
})
