/** The sinks of a chain during one epoch: all take the fence, all append, then each commits (I2). */
import type { Mark, OpenSink } from '../connectors/spi.js'
import { JobError } from '../core/errors/job-error.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import type { Counters } from '../core/record/counters.js'
import type { Chain } from './chain.js'
import type { ChainRun } from './chain-run.js'
import type { EngineParts } from './engine.js'
import { openSink } from './open-node.js'
import type { Values } from './resolve-config.js'

export interface Writer {
  readonly node: StreamNode
  readonly sink: OpenSink
  /** The epoch is visible already: nothing is written, counters and rejects come from the mark. */
  readonly mark: Mark | null
}

export async function openWriters(
  chain: Chain,
  run: ChainRun,
  values: Values,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<Writer[]> {
  const writers: Writer[] = []
  try {
    for (const node of chain.nodes) {
      if (node.nodeType !== 'SINK') continue
      const kind = await openSink(node, values, parts, signal)
      const key = { lineageId: run.lineageId, sinkUid: node.id, subtask: run.subtask }
      const sink = await kind.open(key, run.fence, node.schema)
      const shown = sink.committed?.epoch ?? 0
      writers.push({ node, sink, mark: shown >= run.plan.epoch ? sink.committed : null })
      if (shown > run.plan.epoch) throw ahead(node, shown, run.plan.epoch)
    }
    return writers
  } catch (error) {
    await closeWriters(writers)
    throw error
  }
}

/** Its fence is the newest, so nobody else can have run ahead: what the target shows was planned by a catalogue that is lost (I2). */
function ahead({ id }: StreamNode, shown: number, epoch: number): JobError {
  return new JobError(
    'sink.ahead',
    `${id} shows epoch ${shown} of this lineage, and epoch ${epoch} is to be written.`,
    {
      nodeId: id,
      hint: 'The catalogue was restored from a backup that is older than its target. Restore the target to the same time, or start the job anew.',
    },
  )
}

/** Every sink marks every epoch, an empty one too. */
export async function commitWriters(
  writers: readonly Writer[],
  epoch: number,
  counters: Readonly<Record<string, Counters>>,
  rejects: string | null,
): Promise<void> {
  for (const { node, sink, mark } of writers) {
    if (mark !== null) continue
    const written = counters[node.id]?.passed ?? 0
    await sink.commit({ epoch, written, rejects, counters: JSON.stringify(counters) })
  }
}

/** An older run of this epoch has told what it counted. */
export function markedCounters(writers: readonly Writer[], epoch: number): MarkedEpoch | null {
  const mark = writers.find((writer) => writer.mark?.epoch === epoch)?.mark
  if (!mark) return null
  return { counters: JSON.parse(mark.counters) as Record<string, Counters>, rejects: mark.rejects }
}

export interface MarkedEpoch {
  readonly counters: Readonly<Record<string, Counters>>
  readonly rejects: string | null
}

export async function closeWriters(writers: readonly Writer[]): Promise<void> {
  await Promise.allSettled(writers.map(({ sink }) => sink.close()))
}
