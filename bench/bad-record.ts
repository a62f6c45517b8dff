/** One bad record among a million: what finding it, and keeping it, costs beside the same work on clean data. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Benchmark } from './benchmark.js'
import { cpu, elapsed, ratioFigure } from './figures.js'
import type { Rig } from './rig.js'
import { withCpu } from './usage.js'

interface Kind {
  readonly name: string
  readonly what: string
  readonly records: number
  /** Type of the column that holds a number, and in the bad record none. */
  readonly type: 'VARCHAR' | 'BIGINT'
  readonly operator: object
}

const kinds: readonly Kind[] = [
  {
    name: 'bad-expression',
    what: 'an expression that cannot be computed',
    records: 1_000_000,
    type: 'VARCHAR',
    operator: { operator: 'MAP', config: { set: { logarithm: 'ln(n)' } } },
  },
  {
    name: 'bad-cast',
    what: 'a value that cannot be cast',
    records: 3_000_000,
    type: 'VARCHAR',
    operator: { operator: 'MAP', config: { cast: { s: 'BIGINT' } } },
  },
  {
    name: 'bad-line',
    what: 'a line that cannot be read',
    records: 1_000_000,
    type: 'BIGINT',
    operator: { operator: 'FILTER', config: { where: 'id >= 0' } },
  },
]

export const badRecords: readonly Benchmark[] = kinds.map((kind) => ({
  name: kind.name,
  ours: `${kind.records / 1_000_000} M records from CSV to Parquet, one of them with ${kind.what}, kept as a dead letter with its line`,
  raw: 'the same job on records without it',
  rounds: 3,
  prepare: async (rig) => {
    const [bad, clean] = [await save(rig, kind, true), await save(rig, kind, false)]
    const run = async (jobId: string, failed: number) => {
      const used = await withCpu([rig.pids.worker, rig.pids.api], () => rig.server.execute(jobId))
      const { records } = used.value.report
      if (records.failed !== failed || records.written !== kind.records - failed)
        throw new Error(`${records.written} were written and ${records.failed} failed.`)
      return { ms: used.value.ms, cpuMs: used.cpuMs }
    }
    return { ours: () => run(bad, 1), raw: () => run(clean, 0) }
  },
  judge: (pairs) => [
    ratioFigure(pairs, { ...elapsed, factor: 2 }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: 2 }),
  ],
}))

async function save(rig: Rig, { name, records, type, operator }: Kind, isBad: boolean): Promise<string> {
  const id = `${name}${isBad ? '' : '-clean'}`
  const path = join(rig.files, `${id}.csv`)
  await pipeline(Readable.from(linesOf(records, isBad)), createWriteStream(path))
  const columns = { id: 'BIGINT', n: 'BIGINT', s: type, name: 'VARCHAR' }
  const sink = { path: join(rig.files, id), format: 'parquet', mode: 'REPLACE' }
  return await rig.server.save({
    name: id,
    onBadRecord: { action: 'DEAD_LETTER' },
    nodes: [
      { id: 'in', source: 'file', config: { path, columns } },
      { id: 'work', input: 'in', ...operator },
      { id: 'out', sink: 'file', input: 'work', config: sink },
    ],
  })
}

function* linesOf(records: number, isBad: boolean): Generator<string> {
  const bad = isBad ? Math.floor((records * 2) / 3) : -1
  yield 'id,n,s,name\n'
  for (let from = 0; from < records; from += 10_000) {
    let lines = ''
    for (let id = from; id < Math.min(from + 10_000, records); id += 1)
      lines += `${id},${id === bad ? 0 : (id % 97) + 1},${id === bad ? 'x' : ''}${id * 7},name of ${id}\n`
    yield lines
  }
}
