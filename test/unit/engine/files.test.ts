import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connectors } from '../../../connectors/index.js'
import type { EngineParts } from '../../../engine/engine.js'
import { finishSinks, prepareSinks } from '../../../engine/sinks.js'
import { type DriveOptions, drive, edge, graphOf, node, withParts } from './drive.js'

const flights = 'BIGINT id, VARCHAR origin, BIGINT delay'
const cleaned = 'BIGINT id, VARCHAR origin, DOUBLE hours'
const named = 'BIGINT id, VARCHAR name, DOUBLE hours'
const perName = 'VARCHAR name, BIGINT flights, DOUBLE hours'

/** CSV files of flights and airports → FILTER → MAP → JOIN → one sink as it is, and another summed up. */
const graph = graphOf(
  [
    node(
      'flights',
      'SOURCE',
      'file',
      { path: 'in/flights-*.csv', columns: { id: 'BIGINT', origin: 'VARCHAR', delay: 'BIGINT' } },
      flights,
    ),
    node(
      'airports',
      'SOURCE',
      'file',
      { path: 'in/airports.csv', columns: { iata: 'VARCHAR', name: 'VARCHAR' } },
      'VARCHAR iata, VARCHAR name',
    ),
    node('late', 'OPERATOR', 'FILTER', { where: 'delay > 0' }, flights),
    node('clean', 'OPERATOR', 'MAP', { select: { id: 'id', origin: 'upper(origin)', hours: 'delay / 60' } }, cleaned),
    node(
      'named',
      'OPERATOR',
      'JOIN',
      {
        type: 'INNER',
        on: 'left.origin = right.iata',
        select: { id: 'left.id', name: 'right.name', hours: 'left.hours' },
      },
      named,
    ),
    node(
      'perName',
      'OPERATOR',
      'AGGREGATE',
      { groupBy: ['name'], aggregates: { flights: 'count(*)', hours: 'max(hours)' } },
      perName,
    ),
    node('all', 'SINK', 'file', { path: 'out/all', format: 'csv' }, named),
    node('sums', 'SINK', 'file', { path: 'out/sums', format: 'csv' }, perName),
  ],
  [
    edge('flights', 'late'),
    edge('late', 'clean'),
    edge('clean', 'named', 'left'),
    edge('airports', 'named', 'right', { blocking: true }),
    edge('named', 'all'),
    edge('named', 'perName'),
    edge('perName', 'sums'),
  ],
  [['airports'], ['flights', 'late', 'clean', 'named', 'all', 'perName', 'sums']],
  [
    { nodes: ['airports'], stages: [['airports']] },
    { nodes: ['flights', 'late', 'clean', 'named', 'all', 'perName', 'sums'], stages: [['flights']] },
  ],
)

async function load(folder: string, parts: EngineParts, options: DriveOptions, bad: readonly number[] = []) {
  await mkdir(join(folder, 'in'))
  const codes = ['lax', 'sfo', 'jfk', 'xxx']
  for (const file of [0, 1]) {
    const lines = Array.from({ length: 1_500 }, (_, index) => {
      const id = file * 1_500 + index
      return `${id},${codes[id % 4]},${bad.includes(id) ? 'soon' : (id % 50) - 10}`
    })
    await writeFile(join(folder, 'in', `flights-${file}.csv`), `id,origin,delay\n${lines.join('\n')}\n`)
  }
  await writeFile(join(folder, 'in', 'airports.csv'), 'iata,name\nLAX,Los Angeles\nSFO,San Francisco\nJFK,New York\n')
  const run = {
    graph,
    lineageId: 'files',
    settings: { parameters: {} } as never,
    parameters: {},
    logicalTime: '2026-01-01T00:00:00Z',
    executionId: 'e',
    at: '2026-01-01T00:00:00Z',
  }
  const fence = { generation: 1, attempt: 1, epoch: 1, activityAttempt: 1 }
  const { signal } = new AbortController()
  await prepareSinks(run, parts, fence, signal)
  const driven = await drive(graph, parts, { lineageId: 'files', ...options })
  await finishSinks(run, parts, { ...fence, epoch: driven.epochs + 1 }, signal)
  return { ...driven, all: await lines(join(folder, 'out/all')), sums: (await lines(join(folder, 'out/sums'))).sort() }
}

/** Of all finished parts, in commit order. */
async function lines(folder: string): Promise<string[]> {
  const parts = (await readdir(folder)).filter((name) => !/^[._]/.test(name)).sort()
  const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.flatMap((text) => text.trimEnd().split(/\r?\n/).slice(1))
}

describe('files through filter, map, join and aggregate', () => {
  test('give what the same records give by hand', async () => {
    await withParts(connectors, async (parts, folder) => {
      const { all, sums, counters } = await load(folder, parts, {})
      const ids = Array.from({ length: 3_000 }, (_, id) => id).filter((id) => (id % 50) - 10 > 0 && id % 4 !== 3)
      expect(all.map((line) => Number(line.split(',')[0]))).toEqual(ids)
      expect(sums).toHaveLength(3)
      expect(sums[0]).toBe(`Los Angeles,${ids.filter((id) => id % 4 === 0).length},0.6333333333333333`)
      expect(counters.named).toMatchObject({ absorbed: 3, passed: ids.length })
    })
  })

  test('give the same in many small epochs, with every session rebuilt', async () => {
    await withParts(connectors, async (parts, folder) => {
      const whole = await load(folder, parts, {})
      await withParts(connectors, async (others, otherFolder) => {
        const cut = await load(otherFolder, others, { epochRecords: 370, cold: true })
        expect(cut.epochs).toBeGreaterThan(6)
        expect([cut.all, cut.sums]).toEqual([whole.all, whole.sums])
      })
    })
  })

  test('name file and line of a record that cannot be read', async () => {
    await withParts(connectors, async (parts, folder) => {
      const failing = load(folder, parts, {}, [1_700])
      await expect(failing).rejects.toMatchObject({
        code: 'record.bad',
        nodeId: 'flights',
        message: expect.stringMatching(/soon.*flights-1\.csv, line 202\)$/),
      })
    })
  })

  test('keep what cannot be read as dead letters, wherever epochs are cut', async () => {
    const settings = { onBadRecord: { action: 'DEAD_LETTER', max: null, maxRatio: null } } as const
    await withParts(connectors, async (parts, folder) => {
      const { rejected, counters } = await load(folder, parts, { settings, epochRecords: 800 }, [3, 4, 1_700])
      expect(rejected.map(({ original }) => original)).toEqual(['3,xxx,soon', '4,lax,soon', '1700,lax,soon'])
      expect(rejected.map(({ place }) => place.line)).toEqual([5, 6, 202])
      expect(counters.flights).toMatchObject({ in: 3_000, failed: 3, out: 2_997 })
    })
  })
})
