import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { connectors } from '../../connectors/index.js'
import { compileJob } from '../../engine/compile-job.js'
import { finishSinks, prepareSinks } from '../../engine/sinks.js'
import { onServer, withDatabase } from '../support/lend.js'
import { drive, withParts } from '../unit/engine/drive.js'

const settings = { parameters: {}, logicalTime: '2026-01-01T00:00:00.000Z', executionId: 'parallel' }

async function run(nodes: object[], files: Readonly<Record<string, string>>, epochRecords: number) {
  await withParts(connectors, async (parts, folder) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const compiled = await compileJob({ name: 'parallel', parallelism: 3, nodes }, parts)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const { graph } = compiled
    const sinks = {
      ...settings,
      settings: compiled.settings,
      graph,
      lineageId: randomUUID(),
      at: settings.logicalTime,
    }
    const fence = { generation: 1, attempt: 1, epoch: 1, activityAttempt: 1 }
    const { signal } = new AbortController()
    await prepareSinks(sinks, parts, fence, signal)
    const { epochs } = await drive(graph, parts, { epochRecords, lineageId: sinks.lineageId, lastFirst: true })
    await finishSinks(sinks, parts, { ...fence, epoch: epochs + 1 }, signal)
  })
}

test('UPSERT in several subtasks: the last record of a key wins', async () => {
  await withDatabase(async (url) => {
    await onServer(url, 'CREATE TABLE seen (k INT PRIMARY KEY, v INT)')
    const records = Array.from({ length: 5000 }, (_, n) => `${(n * 31) % 97},${n}`)
    const sink = { connection: { url }, table: 'seen', mode: 'UPSERT', key: 'K' }
    const nodes = [
      { id: 'changes', source: 'file', config: { path: 'changes.csv' } },
      { id: 'seen', sink: 'jdbc', input: 'changes', config: sink },
    ]
    await run(nodes, { 'changes.csv': `k,v\n${records.join('\n')}\n` }, 700)
    const last = new Map(records.map((record) => record.split(',').map(Number) as [number, number]))
    const rows = (await onServer(url, 'SELECT k, v FROM seen')) as { k: number; v: number }[]
    expect(new Map(rows.map(({ k, v }) => [k, v]))).toEqual(last)
  })
})

test('a table is read by ranges of its key and written anew, each by several subtasks', async () => {
  await withDatabase(async (url) => {
    await onServer(url, 'CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(20))')
    const values = Array.from({ length: 1000 }, (_, n) => `(${n * 3}, 'v${n}')`)
    await onServer(url, `INSERT INTO old VALUES ${values.join(', ')}`)
    const nodes = [
      { id: 'old', source: 'jdbc', config: { connection: { url }, table: 'old' } },
      { id: 'odd', operator: 'FILTER', input: 'old', config: { where: 'id % 2 = 1' } },
      {
        id: 'new',
        sink: 'jdbc',
        input: 'odd',
        config: { connection: { url }, table: 'fresh', mode: 'REPLACE', createTable: true },
      },
    ]
    await run(nodes, {}, 150)
    const [row] = (await onServer(
      url,
      'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(id) AS s FROM fresh',
    )) as object[]
    const odd = values.map((_, n) => n * 3).filter((id) => id % 2 === 1)
    expect(row).toMatchObject({ n: 500, d: 500, s: String(odd.reduce((sum, id) => sum + id, 0)) })
  })
})
