/** `npm run bench [-- NAME…] [--strict]`: measures, prints one table, keeps the results. */
import { aggregate } from './aggregate.js'
import { badRecords } from './bad-record.js'
import { type Benchmark, measure } from './benchmark.js'
import { epochs } from './epochs.js'
import { extract, extractScanner } from './extract.js'
import { idle } from './idle.js'
import { kafka } from './kafka.js'
import { latency, latencyShort } from './latency.js'
import { load, loadOften, loadTenfold } from './load.js'
import { metrics } from './metrics.js'
import { keep, machineOf, type Result, writePage } from './results.js'
import { withRig } from './rig.js'
import { runCommand } from './run-command.js'
import { startLatency, trivialJob } from './start.js'
import { state, stateTenfold } from './state.js'
import { table } from './table.js'
import { filterMap, scaling, shuffle } from './throughput.js'

const benchmarks = [
  load,
  loadOften,
  loadTenfold,
  aggregate,
  startLatency,
  epochs,
  runCommand,
  state,
  stateTenfold,
  idle,
  latency,
  latencyShort,
  filterMap,
  shuffle,
  extract,
  extractScanner,
  kafka,
  metrics,
  scaling,
  ...badRecords,
]

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => arg !== '--strict')
  const unknown = names.find((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (unknown !== undefined) {
    say(`there is no benchmark ${unknown}; there are ${benchmarks.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const chosen = benchmarks.filter(({ name, onlyByName }) => (names.length > 0 ? names.includes(name) : !onlyByName))
  const results = await runAll(chosen)
  writePage(benchmarks.map(({ name }) => name))
  process.stdout.write(`${table(results)}\n`)
  const missed = results.some(({ figures }) => figures.some(({ ok }) => ok === false))
  return missed && args.includes('--strict') ? 1 : 0
}

async function runAll(chosen: readonly Benchmark[]): Promise<readonly Result[]> {
  return await withRig(async (rig) => {
    // The first job of a worker also loads what every job needs.
    await rig.server.execute(await rig.server.save(await trivialJob(rig, 'warm-up')))
    const results: Result[] = []
    for (const benchmark of chosen) {
      say(`${benchmark.name}: ${benchmark.ours}`)
      const machine = await machineOf(rig.target)
      results.push(keep(benchmark, await measure(benchmark, rig), machine))
    }
    return results
  })
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
