/** What it costs to be watched: the same job with sampling on, at its shortest interval, and off. */
import type { Benchmark } from './benchmark.js'
import { cpu, elapsed, ratioFigure } from './figures.js'
import { runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { withCpu } from './usage.js'

/** A changed setting is seen within five seconds, and by the sampler five seconds later. */
const SEEN_MS = 11_000

export const metrics: Benchmark = {
  name: 'metrics',
  ours: '5 M generated records, filtered, computed and dropped, with sampling each second (usual: each ten)',
  raw: 'the same job with sampling off',
  rounds: 13,
  onlyByName: true,
  prepare: async (rig) => {
    const jobId = await rig.server.save({
      name: 'watched',
      checkpoint: { interval: '5s' },
      nodes: [
        { id: 'numbers', source: 'generator', config: { rows: 5_000_000, columns: { id: 'n', amount: 'n / 100' } } },
        { id: 'some', operator: 'FILTER', input: 'numbers', config: { where: 'id % 10 > 0' } },
        { id: 'hashed', operator: 'MAP', input: 'some', config: { set: { hash: 'sha256(CAST(id AS VARCHAR))' } } },
        { id: 'nowhere', sink: 'blackhole', input: 'hashed' },
      ],
    })
    await run(rig, jobId, 1000)
    return { ours: () => run(rig, jobId, 1000), raw: () => run(rig, jobId, 0) }
  },
  // 0.98 of the throughput is 1.02 of the time.
  judge: (pairs) => [
    ratioFigure(pairs, { ...elapsed, factor: 1.02 }),
    ratioFigure(pairs, { ...cpu, what: 'CPU', factor: null }),
  ],
}

async function run({ server, catalogue, pids }: Rig, jobId: string, intervalMs: number) {
  const set = `UPDATE etl_system_config SET config_value = '${intervalMs}' WHERE config_key = 'metrics.interval_ms'`
  await runMysql(catalogue, set)
  await new Promise((resolve) => setTimeout(resolve, SEEN_MS))
  const { value, cpuMs } = await withCpu([pids.worker, pids.database], () => server.execute(jobId))
  return { ms: value.ms, cpuMs }
}
