/** Sources of numbered records that can be read again from any position. A volatile one differs each time, and is captured. */
import { z } from 'zod'
import type { Capture, Connector, Source } from '../../connectors/spi.js'
import type { Position } from '../../core/execution/plan.js'
import { type Item, item, recordMark, sideRecords } from './job.js'
import type { Process } from './scheduler.js'
import type { World } from './world.js'

const noConfig = z.object({})

interface Range {
  readonly from: number
  readonly to: number
}

interface Kind {
  readonly name: string
  /** What can be read by now. */
  arrived(): number
  /** Where it ends; null: never. */
  readonly end: number | null
  readonly isVolatile: boolean
  /** How far an epoch goes is known only when it has been read. */
  readonly isBlind: boolean
}

export function mainSource(world: World, process: Process): NonNullable<Connector['source']> {
  const { type, records, volatile, blind } = world.shape
  return kindOf(world, process, {
    name: 'src',
    arrived: () => world.arrived,
    end: type === 'BATCH' ? records : null,
    isVolatile: volatile,
    isBlind: blind && type === 'BATCH',
  })
}

export function sideSource(world: World, process: Process): NonNullable<Connector['source']> {
  const arrived = () => sideRecords
  return kindOf(world, process, { name: 'side', arrived, end: sideRecords, isVolatile: false, isBlind: false })
}

function kindOf(world: World, process: Process, kind: Kind): NonNullable<Connector['source']> {
  return {
    config: noConfig,
    guarantees: { replayable: true, parallel: true },
    open: (_config, _connection, { signal }): Source => ({
      schema: async () => [],
      plan: (from, _budget, parallelism) =>
        world.scheduler.step(process, 'source', `plan ${kind.name}`, () => plan(world, kind, from, parallelism)),
      awaitInput: async (from) => {
        while (kind.arrived() <= ((from as number | null) ?? 0) && !signal.aborted) await world.untilArrival(signal)
        await world.scheduler.step(process, 'source', `see input of ${kind.name}`, () => undefined)
      },
      async *read(split, _schema, _session, capture) {
        const range = split as Range
        yield {
          select: await textOf(world, process, kind, range, capture),
          records: range.to - range.from,
          isolate: () => Promise.reject(new Error('nothing is bad here')),
          place: (index) => ({ record: range.from + index }),
          release: async () => undefined,
        }
        return { position: range.to, end: kind.end !== null && range.to >= kind.end }
      },
    }),
  }
}

/** How much is read at once is a matter of luck, as it is where rates are measured. */
function plan(world: World, { arrived, end, isBlind }: Kind, from: Position | null, parallelism: number) {
  const first = (from as number | null) ?? 0
  const to = Math.max(first, Math.min(arrived(), first + 1 + world.scheduler.random.below(6)))
  const splits = shared({ from: first, to }, parallelism)
  if (isBlind && parallelism === 1) return { splits, to: null, end: end !== null && first >= end }
  return { splits, to, end: end !== null && to >= end }
}

async function textOf(world: World, process: Process, kind: Kind, range: Range, capture: Capture): Promise<string> {
  const name = `${range.from}-${range.to}`
  const { store, scheduler, mutant } = world
  const isCaptured = kind.isVolatile && mutant !== 'uncaptured'
  const kept = isCaptured ? await capture.existing(name) : null
  if (kept !== null) world.ledger.met.add('a capture is found')
  if (kept !== null) return store.localText(kept)
  const text = await scheduler.step(process, 'source', `read ${kind.name} ${name}`, () => read(world, kind, range))
  return isCaptured ? store.localText(await capture.keep(name, store.localFile(text))) : text
}

function read(world: World, { isVolatile }: Kind, { from, to }: Range): string {
  const items = Array.from({ length: to - from }, (_, index): Item => {
    world.readings += 1
    const n = from + index
    return { ...item(n), reading: `${recordMark}${isVolatile ? world.readings : n}` }
  })
  return JSON.stringify(items)
}

/** Neighbours stay together, so that the order of subtasks is the order of the source. */
function shared({ from, to }: Range, parallelism: number): Range[][] {
  const share = Math.ceil((to - from) / parallelism)
  return Array.from({ length: parallelism }, (_, subtask) => {
    const range = { from: Math.min(to, from + subtask * share), to: Math.min(to, from + (subtask + 1) * share) }
    return range.from < range.to ? [range] : []
  })
}
