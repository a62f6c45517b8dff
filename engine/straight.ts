/**
 * A chain that is one query, which its only sink reads: nothing of a clean batch is copied on the way. What cannot be
 * computed shows when the sink reads; the batch then goes step by step, and its bad records are told apart.
 */

import type { OpenSink } from '../connectors/spi.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import type { Counters } from '../core/record/counters.js'
import type { Session } from '../duckdb/session.js'
import { countOf } from '../operators/operator.js'
import type { Chain, Step } from './chain.js'
import { account, isBadRecord } from './compute.js'
import type { Batch } from './read.js'
import type { Held } from './sessions.js'
import type { Writer } from './write.js'

export interface Straight {
  readonly sink: StreamNode
  /** Each over what the one before it gives. */
  readonly steps: readonly Step[]
}

/** null: some step has to see its batch by itself, or somebody else asks for what is on the way. */
export function straightThrough(
  { head, outlets, steps, timed, readsByName }: Omit<Chain, 'straight'>,
  takesQueries: (sink: StreamNode) => boolean,
): Straight | null {
  const [outlet, ...others] = outlets
  const last = steps.at(-1)
  if (outlet?.kind !== 'SINK' || others.length > 0 || last === undefined) return null
  if (head.nodeType !== 'SOURCE' || !readsByName || timed.size > 0) return null
  if (!steps.slice(0, -1).every(({ view }) => view !== null) || !isQuery(last)) return null
  return outlet.point === last.point && takesQueries(outlet.node) ? { sink: outlet.node, steps } : null
}

/** What the batch gives at the end, as one query over where it stands. */
interface Query {
  readonly select: string
  /** What each node has counted, once it is known how many records the query gave. */
  counted(given: number): Counted
}

type Counted = readonly (readonly [nodeId: string, delta: Partial<Counters>])[]

/** Its sink is at work on it. */
export interface Sent {
  /** null: something in it cannot be computed or is refused, and nothing of it has been written. */
  append(): Promise<Counted | null>
}

/** A sink that reads two batches side by side, so that no thread waits for the end of one. */
export class StraightSender {
  private readonly under = new Set<Promise<unknown>>()
  private number = 0

  private constructor(
    private readonly straight: Straight,
    private readonly stage: NonNullable<OpenSink['stageQuery']>,
    private readonly held: Held,
  ) {}

  /** null: the chain is none, its sink takes no queries, or what it would write is visible already. */
  static open({ straight }: Chain, writers: readonly Writer[], held: Held): StraightSender | null {
    const writer = writers.find(({ node }) => node.id === straight?.sink.id)
    const stage = writer?.mark === null ? writer.sink.stageQuery : undefined
    return straight === null || stage === undefined ? null : new StraightSender(straight, stage, held)
  }

  async send(session: Session, batch: Batch): Promise<Sent> {
    const { sink } = this.straight
    const { select, counted } = await queryStraight(session, this.straight, batch)
    const started = performance.now()
    this.number += 1
    const connection = await this.held.connection(`sink ${sink.id} ${this.number % 2}`)
    const staging = this.stage({ select, schema: sink.schema }, connection)
    const ended: Promise<unknown> = staging.catch(() => undefined).then(() => this.under.delete(ended))
    this.under.add(ended)
    return {
      append: async () => {
        try {
          const { records, append } = await staging
          const all = counted(records)
          await append()
          const processingMs = performance.now() - started
          return [...all, [sink.id, { in: records, out: records, passed: records, processingMs }]]
        } catch (error) {
          if (isBadRecord(error)) return null
          throw error
        }
      },
    }
  }

  /** Nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.under)
  }
}

/** What stands as a view is counted by itself, but for the last one where each of its records is one at the end. */
async function queryStraight(session: Session, { steps }: Straight, batch: Batch): Promise<Query> {
  const end = steps.at(-1)!
  const { accounting } = end.compiled
  const tables = [`${batch.point} AS NOT MATERIALIZED (${rowsOf(batch)})`]
  const over = (select: string) => `WITH ${tables.join(', ')} ${select}`
  const outs: number[] = []
  const views = steps.slice(0, -1)
  for (const step of views) {
    const { each, view } = step.compiled
    const isToldByEnd = accounting === 'MAPS' && step === views.at(-1)
    if (!isToldByEnd) outs.push(await session.count(over(`SELECT count(*) FROM (${each})`)))
    tables.push(`${step.point} AS NOT MATERIALIZED (${view})`)
  }
  const own = typeof accounting === 'object' ? await session.count(over(countOf(accounting))) : null
  return {
    select: over(`SELECT * FROM (${end.compiled.each})`),
    counted(given) {
      let before = batch.records
      return steps.map((step, index) => {
        const after = outs[index] ?? given
        const delta = account(step, before, after, step === end ? own : null)
        before = after
        return [step.node.id, delta] as const
      })
    },
  }
}

function rowsOf({ table, isView = false }: Batch): string {
  return isView ? `FROM ${table}` : `SELECT *, rowid AS rowid FROM ${table}`
}

function isQuery({ compiled, calling, late }: Step): boolean {
  const { accounting, each, absorb = [], state = [], call, decide, end, close } = compiled
  const isStateless = absorb.length + state.length === 0 && end === undefined && close === undefined
  const isPlain = call === undefined && calling === undefined && decide === undefined && late === null
  const absorbs = accounting === 'ABSORBS' || (typeof accounting === 'object' && 'absorbed' in accounting)
  return each !== null && isStateless && isPlain && !absorbs
}
