/**
 * Stands for the engine's runChain, with JSON for Parquet and JavaScript for DuckDB: the same order of doing, the same names
 * of files, and the engine's own handling of sinks, captures and arrivals.
 */
import type { OpenSink } from '../../connectors/spi.js'
import type { ChainResult, ExchangeHandle, StateHandle } from '../../core/execution/chain-task.js'
import { buildState } from '../../core/execution/state-names.js'
import type { Counters } from '../../core/record/counters.js'
import type { Rejected } from '../../core/record/rejected.js'
import { cancelledError } from '../../engine/cancel.js'
import { captureFor } from '../../engine/capture.js'
import type { Chain } from '../../engine/chain.js'
import { arrivals, type ChainControl, type ChainRun, storeKey } from '../../engine/chain-run.js'
import { allReached } from '../../engine/ends-now.js'
import type { EngineParts } from '../../engine/engine.js'
import { Meter } from '../../engine/meter.js'
import { openSource, valuesOf } from '../../engine/open-node.js'
import { closeWriters, commitWriters, markedCounters, openWriters, type Writer } from '../../engine/write.js'
import { type Counted, type Item, isBad } from './job.js'
import type { Process } from './scheduler.js'
import type { World } from './world.js'

interface Work {
  readonly world: World
  readonly run: ChainRun
  readonly parts: EngineParts
  readonly control: ChainControl
  readonly meter: Meter
  readonly nodes: readonly string[]
  readonly reached: Record<string, ChainResult['reached'][string]>
  readonly writers: readonly Writer[]
  readonly rejected: Rejected[]
}

interface Made {
  readonly states: readonly StateHandle[]
  readonly exchanges: readonly ExchangeHandle[]
  /** For I9: all that it gives. */
  readonly output: unknown
}

export function modelChain(world: World, process: Process) {
  return async (run: ChainRun, parts: EngineParts, control: ChainControl): Promise<ChainResult> => {
    world.rules.runs(process, run)
    const active = new Set(run.phase.nodes)
    const nodes = run.graph.vertices.find(({ id }) => id === run.vertexId)!.chain.filter((id) => active.has(id))
    const found = nodes.map((id) => run.graph.stream.nodes.find((node) => node.id === id)!)
    const meter = new Meter(nodes)
    control.progress(meter.read())
    const state = run.vertexId === 'cnt' ? await restore(run, parts) : null
    const chain = { nodes: found, head: found[0] } as unknown as Chain
    const writers = await openWriters(chain, run, valuesOf(run, run.plan.at), parts, control.signal)
    if (writers.some(({ mark }) => mark !== null)) world.ledger.met.add('a marked epoch is skipped')
    try {
      const work: Work = { world, run, parts, control, meter, nodes, reached: {}, writers, rejected: [] }
      const made = state === null ? await runSource(work) : await runKeyed(work, state)
      return await commit(work, made)
    } finally {
      await closeWriters(writers)
    }
  }
}

async function commit({ world, run, parts, control, meter, reached, writers, rejected }: Work, made: Made) {
  const marked = markedCounters(writers, run.plan.epoch)
  const rejects = marked === null ? await keepRejects(run, parts, rejected) : marked.rejects
  const counters: Readonly<Record<string, Counters>> = marked?.counters ?? meter.read()
  world.rules.gives(run, made.output)
  if (control.signal.aborted) throw cancelledError()
  await commitWriters(writers, run.plan.epoch, counters, rejects)
  control.progress(counters)
  const result: ChainResult = {
    vertexId: run.vertexId,
    subtask: run.subtask,
    epoch: run.plan.epoch,
    counters,
    reached: allReached(run, reached),
    states: made.states,
    exchanges: made.exchanges,
    rejects: rejects === null ? [] : [rejects],
    // Never the same twice.
    durationMs: 1 + world.scheduler.random.below(100),
    wrote: Object.fromEntries(writers.map(({ node, sink }) => [node.id, sink.method])),
  }
  return result
}

async function keepRejects(run: ChainRun, parts: EngineParts, rejected: readonly Rejected[]): Promise<string | null> {
  if (rejected.length === 0) return null
  const key = storeKey(run, 'rejects', 'rejects.jsonl')
  await parts.store.putText(key, rejected.map((record) => JSON.stringify(record)).join('\n'))
  return key
}

async function runSource(work: Work): Promise<Made> {
  const { run, meter, nodes } = work
  const head = nodes[0]!
  const items = await readSource(work, head)
  meter.add(head, { in: items.length, out: items.length, passed: items.length })
  if (nodes.includes('raw')) await write(work, 'raw', items)
  const edges = run.graph.stream.edges.filter(({ from, to }) => from === head && !nodes.includes(to))
  const exchanges: ExchangeHandle[] = []
  for (const edge of edges) exchanges.push(...(await send(work, edge.id, edge.blocking, items)))
  const output = [items, exchanges.map(({ toSubtask, records }) => [toSubtask, records])]
  if (head !== 'side') return { states: [], exchanges, output }
  meter.add('cnt', { in: items.length, absorbed: items.length })
  return { states: exchanges.map((handle) => asState(run, handle)), exchanges: [], output }
}

async function readSource({ run, parts, control, reached }: Work, nodeId: string): Promise<Item[]> {
  const splits = run.plan.sources[nodeId]?.splits[run.subtask] ?? []
  if (splits.length === 0) return []
  const node = run.graph.stream.nodes.find(({ id }) => id === nodeId)!
  const source = await openSource(node, valuesOf(run, run.plan.at), parts, control.signal)
  const items: Item[] = []
  for (const split of splits) {
    const batches = source.read(split, [], null as never, captureFor(run, nodeId, 'local', parts.store))
    for (;;) {
      const next = await batches.next()
      if (next.done === true) {
        reached[nodeId] = next.value
        break
      }
      items.push(...(JSON.parse(next.value.select) as Item[]))
    }
  }
  return items
}

/** By key to the subtasks of cnt; to its blocking port all of it to each. */
async function send({ world, run, parts }: Work, edgeId: string, toAll: boolean, items: readonly Item[]) {
  const { counters } = world.shape
  const handles: ExchangeHandle[] = []
  for (let to = 0; to < counters; to += 1) {
    const all = toAll ? items : items.filter(({ key }) => key % counters === to)
    const records = world.mutant === 'loses a record' && !toAll ? all.slice(0, 2) : all
    if (records.length === 0) continue
    const path = storeKey(named(world, run), 'exchange', `${edgeId}-${to}.json`)
    const { sizeBytes } = await parts.store.put(path, world.store.localFile(JSON.stringify(records)))
    handles.push({ edgeId, fromSubtask: run.subtask, toSubtask: to, path, sizeBytes, records: records.length })
  }
  return handles
}

function asState(run: ChainRun, { fromSubtask, toSubtask, path, sizeBytes, records }: ExchangeHandle): StateHandle {
  const name = `${buildState('side')}:${String(fromSubtask).padStart(4, '0')}-${String(run.plan.epoch).padStart(9, '0')}`
  return { nodeId: 'cnt', subtask: toSubtask, name, type: 'LIST', path, sizeBytes, records }
}

interface KeyedState {
  readonly counts: Map<number, number>
  readonly side: number
}

async function restore(run: ChainRun, parts: EngineParts): Promise<KeyedState> {
  const mine = run.states.filter(({ nodeId, subtask }) => nodeId === 'cnt' && subtask === run.subtask)
  const state = { counts: new Map<number, number>(), side: 0 }
  for (const { name, path } of mine) {
    const text = await parts.store.text(path)
    if (text === null) throw new Error(`${path} is missing`)
    if (name === 'counts')
      for (const [key, count] of JSON.parse(text) as [number, number][]) state.counts.set(key, count)
    else state.side += (JSON.parse(text) as unknown[]).length
  }
  return state
}

async function runKeyed(work: Work, { counts, side }: KeyedState): Promise<Made> {
  const { world, run, parts, meter, rejected } = work
  const marked = markedCounters(work.writers, run.plan.epoch) !== null
  const edge = run.graph.stream.edges.find(({ to, blocking }) => to === 'cnt' && !blocking)!
  const counted: Counted[] = []
  let taken = 0
  for (const { path } of byArrival(world, arrivals(run, edge.id))) {
    const text = world.store.localText(await parts.store.fetch(path, 'local'))
    for (const record of JSON.parse(text) as Item[]) {
      taken += 1
      if (isBad(world.shape, record)) {
        if (!marked)
          rejected.push({ nodeId: 'cnt', original: `${record.n}`, place: {}, code: 'record.bad', message: 'bad' })
        continue
      }
      const nth = (counts.get(record.key) ?? 0) + 1
      counts.set(record.key, nth)
      counted.push({ ...record, nth, side })
    }
  }
  const passed = counted.length
  meter.add('cnt', { in: taken, out: passed, passed, failed: taken - passed })
  await write(work, 'out', counted)
  const before = run.states.filter(({ nodeId, subtask }) => nodeId === 'cnt' && subtask === run.subtask)
  const unchanged = before.filter(({ name }) => name === 'counts')
  const states = passed === 0 ? unchanged : [await snapshot(work, counts)]
  return { states, exchanges: [], output: [counted, [...counts].sort()] }
}

async function snapshot({ world, run, parts }: Work, counts: ReadonlyMap<number, number>): Promise<StateHandle> {
  const path = storeKey(named(world, run), 'state', 'cnt-counts.json')
  const { sizeBytes } = await parts.store.put(path, world.store.localFile(JSON.stringify([...counts])))
  const place = { nodeId: 'cnt', subtask: run.subtask, name: 'counts', type: 'MAP' } as const
  return { ...place, path, sizeBytes, records: counts.size }
}

async function write({ writers, meter }: Work, nodeId: string, rows: readonly unknown[]): Promise<void> {
  const writer = writers.find(({ node }) => node.id === nodeId)
  if (writer === undefined || writer.mark !== null) return
  const batch: Parameters<OpenSink['append']>[0] = { table: JSON.stringify(rows), schema: [], records: rows.length }
  if (rows.length > 0) await writer.sink.append(batch, null as never)
  meter.add(nodeId, { in: rows.length, out: rows.length, passed: rows.length })
}

/** Broken on purpose: whichever sender has been first. */
function byArrival(world: World, handles: readonly ExchangeHandle[]): readonly ExchangeHandle[] {
  if (world.mutant !== 'by arrival') return handles
  const since = ({ path }: ExchangeHandle) => world.store.objects.get(path)?.modifiedMs ?? 0
  return [...handles].sort((a, b) => since(a) - since(b))
}

/** Broken on purpose: a name that does not tell the epoch. */
function named(world: World, run: ChainRun): ChainRun {
  return world.mutant === 'names without epoch' ? { ...run, fence: { ...run.fence, epoch: 0 } } : run
}
