/** Runs one subtask of one chain for one epoch: restore, read, compute, write, snapshot, report. */
import { join } from 'node:path'
import type { ChainResult } from '../core/execution/chain-task.js'
import { fenceName } from '../core/execution/fence.js'
import { replaceStates } from '../core/execution/merge-results.js'
import { Rejects } from './bad-records/rejects.js'
import { withFunctions } from './call.js'
import { cancelledError, orCancelled } from './cancel.js'
import { type Chain, openChain } from './chain.js'
import { type ChainControl, type ChainRun, storeKey } from './chain-run.js'
import { allReached, endsNow } from './ends-now.js'
import type { EngineParts } from './engine.js'
import { Epoch } from './epoch.js'
import { ExchangeWriter } from './exchange.js'
import { Downstream, Turn } from './flow.js'
import { Meter } from './meter.js'
import { givesViews, valuesOf } from './open-node.js'
import { Outflow, type Outgoing } from './outflow.js'
import { routingOf } from './partition.js'
import { readBatches } from './read.js'
import type { Values } from './resolve-config.js'
import { discard, giveBack, type Held, takeSession } from './sessions.js'
import { Stamps } from './stamps.js'
import { restore, snapshot, stateLabel } from './state/snapshot.js'
import { StraightSender } from './straight.js'
import { closeWriters, commitWriters, markedCounters, openWriters, type Writer } from './write.js'

const progressEveryMs = 500

export async function runChain(run: ChainRun, parts: EngineParts, control: ChainControl): Promise<ChainResult> {
  if (control.signal.aborted) throw cancelledError()
  const values = valuesOf(run, run.plan.at)
  const opened = await openChain(run, values, parts)
  const meter = new Meter(opened.nodes.map((node) => node.id))
  control.progress(meter.read())
  const beat = setInterval(() => control.progress(meter.read()), progressEveryMs)
  try {
    const label = stateLabel(opened, run, run.states)
    const { held, restored } = await takeSession(run, label, parts, () => threadsOf(opened, values, parts))
    const chain = withFunctions(opened, held, parts.functions)
    const work = runEpoch({ run, parts, control, values, chain, meter, held, restored })
    try {
      const result = await orCancelled(work, control.signal, () => held.interrupt())
      await giveBack(held, stateLabel(chain, run, replaceStates(run.states, result.states)))
      return result
    } catch (error) {
      const discarded = work.catch(() => undefined).then(() => discard(held))
      // A cancelled connector may take its time; its session goes when it has ended.
      if (!control.signal.aborted) await discarded
      throw error
    }
  } finally {
    clearInterval(beat)
  }
}

interface Work {
  readonly run: ChainRun
  readonly parts: EngineParts
  readonly control: ChainControl
  readonly values: Values
  readonly chain: Chain
  readonly meter: Meter
  readonly held: Held
  /** The session holds the state that the epoch starts from. */
  readonly restored: boolean
}

async function runEpoch(work: Work): Promise<ChainResult> {
  const { run, parts, control, values, chain, held, restored } = work
  if (!restored) await restore(held.main, chain, run, parts.store)
  const writers = await openWriters(chain, run, values, parts, control.signal)
  try {
    return await readAndWrite(work, writers)
  } finally {
    await closeWriters(writers)
  }
}

async function readAndWrite(work: Work, writers: readonly Writer[]): Promise<ChainResult> {
  const started = performance.now()
  const { run, parts, control, values, chain, meter, held } = work
  const marked = markedCounters(writers, run.plan.epoch)
  const rejects = rejectsFor(run, held, marked !== null)
  const turn = new Turn()
  const outflow = new Outflow(chain, held, writers, await openExchanges(work), meter, rejects, turn)
  const downstream = new Downstream<Outgoing>((batch) => outflow.drain(batch))
  const stamps = new Stamps(run, chain)
  const sender = StraightSender.open(chain, writers, held)
  const epoch = new Epoch(chain, held.main, meter, rejects, downstream, turn, stamps, sender)
  const reached: Record<string, ChainResult['reached'][string]> = {}
  const ended: string[] = []
  const session = await held.connection('read')
  try {
    await epoch.read(
      readBatches({ chain, run, parts, values, session, meter, rejects, reached, ended, signal: control.signal }),
    )
    stamps.end(ended)
    await epoch.close(endsNow(run, chain, reached), reached)
    await downstream.drained()
  } finally {
    await downstream.settled()
    await sender?.settled()
  }

  const states = await snapshot(held.main, chain, run, parts.store, epoch)
  const sent = []
  for (const writer of outflow.exchanges) sent.push(await writer.finish(parts.store))
  // Everything that a mark names, and everything that can still fail, comes before the first commit (I2).
  // Of several subtasks none sees enough for a ratio: the checkpoint does.
  rejects.judge(chain.vertex.parallelism === 1 ? meter.of(chain.head.id).in : Number.NEGATIVE_INFINITY)
  const rejectsFile =
    marked === null ? await rejects.store(parts.store, storeKey(run, 'rejects', 'rejects.jsonl')) : marked.rejects
  for (const { node, sink } of writers) meter.add(node.id, { bytes: sink.bytes?.() ?? 0 })
  const counters = marked?.counters ?? meter.read()
  if (control.signal.aborted) throw cancelledError()
  await commitWriters(writers, run.plan.epoch, counters, rejectsFile)
  return {
    vertexId: run.vertexId,
    subtask: run.subtask,
    epoch: run.plan.epoch,
    counters,
    reached: allReached(run, reached),
    seen: stamps.all(),
    states: [...states, ...sent.flatMap((one) => one.states)],
    exchanges: sent.flatMap((one) => one.exchanges),
    rejects: rejectsFile === null ? [] : [rejectsFile],
    durationMs: Math.round(performance.now() - started),
    wrote: Object.fromEntries(writers.map(({ node, sink }) => [node.id, sink.method])),
  }
}

/** What is visible already has been judged: its bad records are left out once more, and nothing else. */
function rejectsFor(run: ChainRun, held: Held, isMarked: boolean): Rejects {
  const policy = isMarked ? ({ action: 'SKIP', max: null, maxRatio: null } as const) : run.settings.onBadRecord
  const file = join(held.folder, `rejects-${fenceName(run.fence)}.jsonl`)
  return new Rejects(policy, file, run.before ?? { read: 0, failed: 0 })
}

async function openExchanges({ run, parts, values, chain, held }: Work): Promise<ExchangeWriter[]> {
  const writers: ExchangeWriter[] = []
  for (const [index, outlet] of chain.outlets.entries()) {
    if (outlet.kind !== 'EDGE') continue
    const routing = await routingOf(held.main, run.graph, outlet.edge, run.subtask, values, parts)
    writers.push(new ExchangeWriter(outlet, routing, run, index))
  }
  return writers
}

/**
 * Stages run side by side, and a batch is small: where every step takes batch by batch, DuckDB's own threads would mostly
 * wait for one another. What an operator does at the end, with all that it has kept, is worth all of them; so is a
 * chain that is one stage.
 */
async function threadsOf(chain: Chain, values: Values, parts: EngineParts): Promise<number> {
  const keeps = chain.steps.some(({ compiled: { end, close } }) => end !== undefined || close !== undefined)
  const isOneStage = chain.straight !== null && (await givesViews(chain.head, values, parts))
  return keeps || isOneStage ? Math.max(1, Math.floor(parts.threads / chain.vertex.parallelism)) : 1
}
