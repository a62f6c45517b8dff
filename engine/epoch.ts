/** One epoch of one chain in its session: batches through the steps, what is due at the end, and out of the chain. */
import type { ChainResult } from '../core/execution/chain-task.js'
import { metColumn } from '../core/graph/event-time.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { Closing } from '../operators/operator.js'
import { type Isolated, isolateBatch } from './bad-records/isolate.js'
import { originals } from './bad-records/originals.js'
import { originTable } from './bad-records/origins.js'
import type { Rejects } from './bad-records/rejects.js'
import { type Chain, nodeAt, pointOf, pointsOf, type Step, stepsBelow } from './chain.js'
import { allOrNothing, type Computed, computeBatch, isBadRecord, materialise } from './compute.js'
import { type Downstream, oneAhead, type Turn } from './flow.js'
import type { Meter } from './meter.js'
import type { Outgoing } from './outflow.js'
import { createEmpty } from './parquet.js'
import type { Batch } from './read.js'
import type { Stamps } from './stamps.js'
import { createInputs } from './state/snapshot.js'
import type { StraightSender } from './straight.js'

/** Records that are emitted at once at the end. */
const endBatch = 262_144

/** A wait for downstream that is worth counting. */
const longWaitMs = 100

export class Epoch {
  /** Nodes whose state is another than before, and nodes that have emitted what they had. */
  readonly changed = new Set<string>()
  readonly ended = new Set<string>()
  private number = 0

  constructor(
    private readonly chain: Chain,
    private readonly session: Session,
    private readonly meter: Meter,
    private readonly rejects: Rejects,
    private readonly downstream: Downstream<Outgoing>,
    /** Of the session's connection. */
    private readonly turn: Turn,
    private readonly stamps: Stamps,
    /** null: its batches go step by step. */
    private readonly sender: StraightSender | null,
  ) {}

  async read(batches: AsyncGenerator<Batch, void, void>): Promise<void> {
    for await (const batch of oneAhead(batches)) await this.take(batch)
  }

  /** What operators kept until now, each after those before it, through the rest of the chain. `ends`: nothing more comes. */
  async close(ends: boolean, reached: ChainResult['reached']): Promise<void> {
    for (const step of this.chain.steps) {
      const { end, close } = step.compiled
      if (close !== undefined) {
        const watermark = ends ? Number.POSITIVE_INFINITY : this.stamps.watermark(step, reached)
        await this.emit(step, close(watermark))
        this.changed.add(step.node.id)
      } else if (ends && end !== undefined) {
        await this.emit(step, { emit: end })
        this.ended.add(step.node.id)
      }
    }
  }

  private async emit(step: Step, { before = [], emit, after = [] }: Closing): Promise<void> {
    const { session } = this
    const started = performance.now()
    const table = identifier(`end ${step.node.id}`)
    const records = await this.turn.take(async () => {
      await createInputs(session, step)
      return await allOrNothing(session, async () => {
        for (const statement of before) await session.run(statement)
        const emitted = emit === null ? 0 : await materialise(session, table, emit)
        for (const statement of after) await session.run(statement)
        return emitted
      })
    })
    this.meter.add(step.node.id, { out: records, processingMs: performance.now() - started })
    for (let from = 0; from < records; from += endBatch) await this.take(await this.partOf(step, table, from))
    await session.run(`DROP TABLE IF EXISTS ${table}`)
  }

  private async partOf(step: Step, table: string, from: number): Promise<Batch> {
    const part = identifier(`end ${step.node.id} ${from}`)
    const select = `SELECT * FROM ${table} WHERE rowid >= ${from} AND rowid < ${from + endBatch}`
    const records = await this.turn.take(() => materialise(this.session, part, select))
    return { point: step.point, table: part, records, partition: null, place: () => ({}) }
  }

  private async take(batch: Batch): Promise<void> {
    const outgoing = await this.turn.take(() => this.compute(batch))
    const waitedMs = await this.downstream.push(outgoing)
    const backpressureCount = waitedMs > longWaitMs ? 1 : 0
    this.meter.add(this.chain.head.id, { backpressureMs: waitedMs, backpressureCount })
  }

  private async compute(batch: Batch): Promise<Outgoing> {
    const { sender } = this
    return sender === null ? await this.stepByStep(batch) : await this.goStraight(batch, sender)
  }

  private async goStraight(batch: Batch, sender: StraightSender): Promise<Outgoing> {
    try {
      const sent = await sender.send(this.session, batch)
      return {
        outputs: [],
        straight: { ...sent, apart: () => this.turn.take(() => this.stepByStep(batch)) },
        kept: null,
        done: [`DROP ${batch.isView === true ? 'VIEW' : 'TABLE'} ${batch.table}`],
        release: async () => await batch.release?.(),
      }
    } catch (error) {
      if (!isBadRecord(error)) throw error
      return await this.stepByStep(batch)
    }
  }

  private async stepByStep(batch: Batch): Promise<Outgoing> {
    const { point, records } = batch
    await this.stand(batch)
    const steps = stepsBelow(this.chain, point)
    const { computed, isolated } = await this.runSteps(steps, batch)
    for (const [nodeId, delta] of computed.counted) this.meter.add(nodeId, delta)
    for (const step of steps)
      if (step.compiled.absorb !== undefined && computed.counted.some(([nodeId]) => nodeId === step.node.id))
        this.changed.add(step.node.id)
    for (const step of steps) await this.keepLate(step, computed)
    return await this.handOver(batch, steps, new Map([...computed.at, [point, records]]), isolated)
  }

  /** Late records that nobody takes. */
  private async keepLate({ node, late, feeds }: Step, { at }: Computed): Promise<void> {
    const records = late === null ? 0 : (at.get(late.point) ?? 0)
    if (late === null || late.isTaken || records === 0 || !this.rejects.keeps) return
    const given = await originals(
      this.session,
      late.point,
      Array.from({ length: records }, (_, row) => row),
    )
    const message = 'The record is late: what belongs to its time is closed.'
    const [feed = ''] = feeds
    const isLate = this.chain.steps.some((step) => step.late?.point === feed)
    const of = isLate ? {} : { of: nodeAt(this.chain, feed) }
    await this.rejects.keep(
      [...given.values()].map((original) => ({
        nodeId: node.id,
        original,
        ...of,
        place: {},
        code: 'record.late',
        message,
      })),
    )
  }

  /** The batch stands at its point, with what its records met if that is where their watermark is named. */
  private async stand({ point, table, partition, isView = false }: Batch): Promise<void> {
    const { session, stamps, chain } = this
    stamps.begin(partition)
    if (isView) return await session.run(`DROP TABLE IF EXISTS ${point}; ALTER VIEW ${table} RENAME TO ${point}`)
    const node = chain.nodes.find((candidate) => pointOf(candidate) === point)
    if (node === undefined || !stamps.isNeeded(node)) {
      await session.run(`DROP TABLE IF EXISTS ${point}; ALTER TABLE ${table} RENAME TO ${point}`)
      return
    }
    await stamps.stamp(session, node, table, point)
    await session.run(`DROP TABLE ${table}`)
  }

  /** The whole batch at once; only if that fails are its bad records told apart. */
  private async runSteps(steps: readonly Step[], batch: Batch): Promise<Ran> {
    const { session, stamps } = this
    const { point, records } = batch
    if (steps.length === 0) return { computed: { at: new Map(), counted: [] }, isolated: null }
    const mark = stamps.mark()
    try {
      const computed = await allOrNothing(session, () => computeBatch(session, steps, point, records, stamps))
      return { computed, isolated: null }
    } catch (error) {
      if (!isBadRecord(error)) throw error
      stamps.reset(mark)
      if (batch.isView === true) await this.copy(batch)
      const isolated = await isolateBatch(session, steps, point, records, this.rejects.allowance + 1, stamps)
      await this.reject(isolated, batch)
      return { computed: isolated, isolated }
    }
  }

  /** A view is read once for each trial: a table serves better. */
  private async copy({ point }: Batch): Promise<void> {
    const table = identifier(`copied ${point}`)
    const statements = [
      `CREATE TABLE ${table} AS SELECT * EXCLUDE (rowid) FROM ${point}`,
      `DROP VIEW ${point}`,
      `ALTER TABLE ${table} RENAME TO ${point}`,
    ]
    await this.session.run(statements.join('; '))
  }

  private async reject({ bad }: Isolated, { place }: Batch): Promise<void> {
    const wanted = this.rejects.wantsPlaces
    const given = new Map<string, ReadonlyMap<number, string>>()
    for (const point of wanted ? new Set(bad.map(({ kept }) => kept.point)) : []) {
      const rows = bad.filter(({ kept }) => kept.point === point).map(({ kept }) => kept.row)
      given.set(point, await originals(this.session, point, [...new Set(rows)]))
    }
    await this.rejects.add(
      bad.map(({ nodeId, index, kept, code, message }) => ({
        nodeId,
        original: given.get(kept.point)?.get(kept.row) ?? '',
        of: nodeAt(this.chain, kept.point),
        place: wanted && index !== null ? place(index) : {},
        code,
        message,
      })),
    )
  }

  /** Tables that go out get names of their own, so that the next batch can take the fixed ones. */
  private async handOver(
    batch: Batch,
    steps: readonly Step[],
    at: ReadonlyMap<string, number>,
    isolated: Isolated | null,
  ): Promise<Outgoing> {
    this.number += 1
    const renamed = new Map<string, string>()
    const views = new Set<string>()
    /** No sink sees what records met. */
    const forSinks = new Map<string, string>()
    const statements: string[] = []
    const outlets = this.chain.outlets.filter(({ point }) => (at.get(point) ?? 0) > 0)
    const isKept = this.rejects.wantsPlaces && outlets.some(({ kind }) => kind === 'SINK')
    for (const point of [batch.point, ...pointsOf(steps)]) {
      // A step that no record has reached made no view: the empty table of its output stands there still.
      const isView =
        isolated === null &&
        (point === batch.point
          ? batch.isView === true
          : at.has(point) && steps.some((step) => step.view !== null && step.point === point))
      const kind = isView ? 'VIEW' : 'TABLE'
      if (!outlets.some((outlet) => outlet.point === point) && !(isKept && point === batch.point)) {
        statements.push(`DROP ${kind} IF EXISTS ${point}`)
        continue
      }
      const name = identifier(`out ${this.number} ${point}`)
      renamed.set(point, name)
      if (isView) views.add(name)
      statements.push(`ALTER ${kind} ${point} RENAME TO ${name}`)
      if (!outlets.some((outlet) => outlet.kind === 'SINK' && outlet.isTimed && outlet.point === point)) continue
      const seen = identifier(`sink ${this.number} ${point}`)
      forSinks.set(point, seen)
      statements.push(`CREATE TABLE ${seen} AS SELECT * EXCLUDE (${identifier(metColumn)}) FROM ${name}`)
    }
    const origins = new Map<string, string>()
    for (const point of isolated?.followed ?? []) {
      const name = identifier(`out ${this.number} came ${point}`)
      if (isKept) origins.set(point, name)
      statements.push(
        isKept ? `ALTER TABLE ${originTable(point)} RENAME TO ${name}` : `DROP TABLE ${originTable(point)}`,
      )
    }
    const port = this.chain.ports.find((candidate) => candidate.point === batch.point)
    if (port !== undefined) statements.push(createEmpty(port.point, port.schema))
    await this.session.run(statements.join('; '))
    const kept = isKept ? renamed.get(batch.point) : undefined
    return {
      outputs: outlets.map((outlet) => ({
        outlet,
        table: (outlet.kind === 'SINK' ? forSinks.get(outlet.point) : undefined) ?? renamed.get(outlet.point)!,
        records: at.get(outlet.point)!,
      })),
      kept:
        kept === undefined
          ? null
          : {
              point: batch.point,
              table: kept,
              records: batch.records,
              origins: isolated === null ? null : origins,
              place: (index) => batch.place(index),
            },
      done: [...renamed.values(), ...forSinks.values(), ...origins.values()].map(
        (name) => `DROP ${views.has(name) ? 'VIEW' : 'TABLE'} ${name}`,
      ),
      straight: null,
      release: async () => await batch.release?.(),
    }
  }
}

interface Ran {
  readonly computed: Computed
  /** null: the batch was clean. */
  readonly isolated: Isolated | null
}
