import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'
import { file } from '../../connectors/file/index.js'
import { withOwnSession } from '../../connectors/own-session.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

let folder: string
let ctx: ConnectorContext
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-file-'))
  ctx = { base: folder, fileRoots: [folder], signal: new AbortController().signal }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const rows = Array.from({ length: 40 }, (_, n) => ({ id: n, name: n % 5 === 0 ? null : `n "${n}"\n,${'x'.repeat(n)}` }))
const csvText = (part: typeof rows) =>
  `id,name\n${part.map((row) => `${row.id},${row.name === null ? '' : `"${row.name.replaceAll('"', '""')}"`}\n`).join('')}`

const open =
  (config: Record<string, unknown>) =>
  (signal = ctx.signal) =>
    file.source!.open(file.source!.config.parse(config), null, { ...ctx, signal })
const small = { records: 7, bytes: 200 }

describeSource('file, several CSV files', async () => {
  await writeFile(join(folder, 'c-1.csv'), csvText(rows.slice(0, 25)))
  await writeFile(join(folder, 'c-2.csv'), csvText(rows.slice(25)))
  return { open: open({ path: 'c-*.csv' }), records: 40, small }
})
describeSource('file, JSON lines', async () => {
  await writeFile(join(folder, 'x.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
  return { open: open({ path: 'x.jsonl', columns: { id: 'BIGINT', name: 'VARCHAR' } }), records: 40, small }
})
describeSource('file, JSON documents', async () => {
  for (let n = 0; n < 4; n += 1)
    await writeFile(join(folder, `d-${n}.json`), JSON.stringify(rows.slice(n * 10, n * 10 + 10)))
  return { open: open({ path: 'd-*.json' }), records: 40, small }
})
describeSource('file, Parquet', async () => {
  await withOwnSession(async (session) => {
    await writeFile(join(session.folder, 'x.json'), JSON.stringify(rows))
    await session.run(`COPY (FROM read_json('${session.folder}/x.json')) TO '${session.folder}/x.parquet'`)
    await writeFile(join(folder, 'x.parquet'), await readFile(join(session.folder, 'x.parquet')))
  })
  return { open: open({ path: 'x.parquet' }), records: 40, small: { records: 7, bytes: 1_000_000 } }
})

const layouts: readonly Record<string, unknown>[] = [
  { format: 'csv' },
  { format: 'json' },
  { format: 'jsonl' },
  { format: 'parquet' },
  { format: 'csv', compression: 'gzip' },
  { format: 'jsonl', compression: 'zstd', maxFileSize: '30B' },
  { format: 'csv', partitionBy: ['name'] },
  { format: 'parquet', partitionBy: ['name'], maxFileSize: '1KB' },
]
for (const layout of layouts) {
  describeSink(`file, ${Object.values(layout).join(' ')} parts`, async () => {
    const path = `out-${++number}`
    const queries = ['json', 'parquet'].includes(String(layout.format)) && !layout.partitionBy
    return {
      queries,
      open: () => file.sink!.open(file.sink!.config.parse({ path, ...layout }), null, ctx),
      visible: async () => {
        const names = await readdir(join(folder, path), { recursive: true }).catch(() => [])
        const parts = names.filter((name) => !/(^|\/)[._]/.test(name) && /[.](csv|json|jsonl|parquet)/.test(name))
        const ids: number[] = []
        for (const name of parts.sort()) ids.push(...(await idsOf(join(folder, path, name), String(layout.format))))
        return queries ? ids : ids.sort((a, b) => a - b)
      },
    }
  })
}

async function idsOf(path: string, format: string): Promise<number[]> {
  return withOwnSession(async (session) => {
    const local = join(session.folder, `x${path.slice(path.indexOf('.', path.lastIndexOf('/')))}`)
    await writeFile(local, await readFile(path))
    const reader = format === 'csv' ? 'read_csv' : format === 'parquet' ? 'read_parquet' : 'read_json'
    return (await session.rows(`SELECT id FROM ${reader}('${local}')`)).map(([id]) => Number(id))
  })
}
