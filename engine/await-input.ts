/** Waits until a plan may have something in a phase: a source more than its position says, or silence become idleness. Nothing is stored. */
import { setTimeout as sleep } from 'node:timers/promises'
import { nextIdleMs } from '../core/execution/watermarks.js'
import { cancelledError } from './cancel.js'
import type { EngineParts } from './engine.js'
import { openSource, valuesOf } from './open-node.js'
import type { PlanInput } from './plan-epoch.js'

/** How often a source is asked that cannot say when it is worth it. */
export const pollMs = 1000

/** Throws `cancelled` once the signal says so. */
export async function awaitSources(
  input: Omit<PlanInput, 'epoch' | 'budget'>,
  parts: EngineParts,
  signal: AbortSignal,
): Promise<void> {
  const values = valuesOf(input, input.at)
  const active = new Set(input.phase.nodes)
  // The first that has something ends the waiting of all.
  const done = new AbortController()
  const either = AbortSignal.any([signal, done.signal])
  const waits = input.graph.stream.nodes
    .filter(({ id, nodeType }) => nodeType === 'SOURCE' && active.has(id) && input.positions[id]?.end !== true)
    .map(async (node) => {
      const position = input.positions[node.id]?.position ?? null
      const source = await openSource(node, values, parts, either)
      if (position === null || source.awaitInput === undefined) await pause(pollMs, either)
      else await source.awaitInput(position)
    })
  const nowMs = Date.parse(input.at)
  const idleMs = nextIdleMs(input.graph, input.watermarks ?? {}, nowMs)
  if (idleMs !== null) waits.push(pause(idleMs - nowMs, either))
  try {
    if (waits.length > 0) await Promise.race(waits)
  } finally {
    done.abort()
    await Promise.allSettled(waits)
  }
  if (signal.aborted) throw cancelledError()
}

/** Ends early, and says nothing, once the signal says so. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
