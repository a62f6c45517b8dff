/** Results: one file a benchmark, and the page that shows the latest of each. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Figure, Pair } from './benchmark.js'
import { runMysql } from './raw/mysql.js'
import { checkout } from './rig.js'
import { cellsOf, header, markdown, numeric } from './table.js'

export interface Result {
  readonly name: string
  readonly ours: string
  readonly raw: string
  readonly date: string
  readonly command: string
  readonly machine: Machine
  readonly figures: readonly Figure[]
  readonly rounds: readonly Pair[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly database: string
  /** Of the minute before: on a busy machine both sides are slower, and not always equally. */
  readonly load: number
}

const folder = join(checkout, 'bench', 'results')
const page = join(checkout, 'docs', 'proofs', 'benchmarks.md')

export async function machineOf(database: string): Promise<Machine> {
  const [row] = await runMysql(database, 'SELECT VERSION() AS version')
  return {
    cpu: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    database: String(row?.version),
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}

export function keep(benchmark: Benchmark, pairs: readonly Pair[], machine: Machine): Result {
  const { name, ours, raw, judge } = benchmark
  const date = new Date().toISOString()
  const command = `npm run bench -- ${name}`
  const result: Result = { name, ours, raw, date, command, machine, figures: judge(pairs), rounds: pairs }
  mkdirSync(folder, { recursive: true })
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(3)) : value)
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, rounded, 2)}\n`)
  return result
}

export function writePage(order: readonly string[]): void {
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  const results = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Result)
    .sort((a, b) => place(a.name) - place(b.name))
  const verdicts = markdown(header, results.flatMap(cellsOf), numeric)
  const runs = results.map(({ name, date, machine, command }) => [name, date, describe(machine), `\`${command}\``])
  const text = [
    '# Benchmarks',
    '',
    'Each beside the raw limit of the same machine in the same run: ours and raw in turn, medians, ratios pair by pair.',
    'Written by `npm run bench`; the rounds are in `bench/results/`.',
    '',
    verdicts,
    '',
    ...results.map(({ name, ours, raw }) => `- **${name}**: ${ours}; raw: ${raw}.`),
    '',
    markdown(['benchmark', 'date', 'machine', 'command'], runs),
    '',
  ]
  mkdirSync(join(page, '..'), { recursive: true })
  writeFileSync(page, text.join('\n'))
}

function describe({ cpu, cores, memoryGiB, system, node, database, load }: Machine): string {
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node}, ${database}, load ${load}`
}
