/** Event time as a service runs it: windows are told as time goes on, while one source is silent and a worker dies. */
import { expect, test } from '@jest/globals'
import { putFile, withFeed } from '../support/feed.js'
import { onServer } from '../support/lend.js'
import { until } from '../support/until.js'

test('windows are told as time goes on, late records go their own way, and a silent source is not waited for', async () => {
  await withFeed(async ({ stack, target }) => {
    const put = (name: string, lines: readonly string[]) => putFile(stack, name, `id,k,ts\n${lines.join('\n')}\n`)
    const minutes = (from: number, to: number) =>
      Array.from(
        { length: to - from },
        (_, n) => `${from + n},${(from + n) % 2},2026-03-01 10:${String(from + n).padStart(2, '0')}:00`,
      )
    const windows = async () =>
      (await onServer(target, 'SELECT k, DATE_FORMAT(window_start, "%H:%i") AS begins, many FROM counts').catch(
        () => [],
      )) as { k: number; begins: string; many: number }[]
    const told = async (records: number) =>
      await until(`windows of ${records} records are told`, async () => {
        const sum = (await windows()).reduce((total, { many }) => total + Number(many), 0)
        return sum === records ? sum : null
      })

    await put('right-0.csv', [])
    await put('left-0.csv', minutes(0, 25))
    const executionId = await stack.submit(windowJob(target))
    // The other source has nothing, and is given up for idle: 10:00 and 10:10 are over, 10:20 is not.
    await told(20)
    await stack.killWorker()
    await put('left-1.csv', ['100,0,2026-03-01 10:03:00', ...minutes(25, 41)])
    await stack.startWorker()
    await told(40)
    const late = await until('the late record is there', async () => {
      const rows = (await onServer(target, 'SELECT id, k FROM late').catch(() => [])) as { id: number; k: number }[]
      return rows.length > 0 ? rows : null
    })
    expect(late).toMatchObject([{ id: 100, k: 0 }])
    expect((await windows()).map(({ k, begins, many }) => `${begins} ${k} ${many}`).sort()).toEqual(
      ['10:00', '10:10', '10:20', '10:30'].flatMap((begins) => [`${begins} 0 5`, `${begins} 1 5`]),
    )
    await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
    expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'CANCELLED', restarts: 0 })
  })
}, 180_000)

function windowJob(url: string) {
  const watched = (id: string) => ({
    id,
    source: 'file',
    config: { path: `${id}-*.csv`, watch: true, columns: { id: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' } },
    watermark: { time: 'ts', idleTimeout: '2s' },
  })
  const table = (name: string) => ({ connection: { url }, table: name, createTable: true })
  return {
    name: 'windows',
    type: 'STREAMING',
    checkpoint: { interval: '500ms' },
    nodes: [
      watched('left'),
      watched('right'),
      { id: 'all', operator: 'UNION', inputs: ['left', 'right'], config: {} },
      {
        id: 'tens',
        operator: 'WINDOW',
        input: 'all',
        config: { type: 'TUMBLING', size: '10m', groupBy: ['k'], aggregates: { many: 'count(*)' } },
      },
      { id: 'counts', sink: 'jdbc', input: 'tens', config: table('counts') },
      { id: 'late', sink: 'jdbc', input: 'tens.late', config: table('late') },
    ],
  }
}
