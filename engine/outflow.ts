/** Where a computed batch goes: to every sink and into every exchange of the chain, while the next one is computed. */
import type { Place, Rejected } from '../core/record/rejected.js'
import { type Kept, locateRows, standsFor } from './bad-records/locate.js'
import { originals } from './bad-records/originals.js'
import type { Rejects } from './bad-records/rejects.js'
import { type Chain, nodeAt, type Outlet } from './chain.js'
import type { ExchangeWriter } from './exchange.js'
import type { Turn } from './flow.js'
import type { Meter } from './meter.js'
import type { Held } from './sessions.js'
import type { Sent } from './straight.js'
import type { Writer } from './write.js'

/** A batch that has been through the chain. */
export interface Outgoing {
  readonly outputs: readonly Output[]
  /** What its sink computes as it reads it; null: all is computed. */
  readonly straight: Straight | null
  /** What it was at the beginning, while its places may be asked for. */
  readonly kept: (Kept & { place(index: number): Place }) | null
  /** Statements for when all is done. */
  readonly done: readonly string[]
  /** Then nobody reads what it was at the beginning any more. */
  release(): Promise<void>
}

interface Straight extends Sent {
  /** Takes its place if it cannot be computed: the same batch, step by step. */
  apart(): Promise<Outgoing>
}

type Found = Pick<Rejected, 'original' | 'of' | 'place'>

export interface Output {
  readonly outlet: Outlet
  readonly table: string
  readonly records: number
}

export class Outflow {
  constructor(
    private readonly chain: Chain,
    private readonly held: Held,
    private readonly writers: readonly Writer[],
    readonly exchanges: readonly ExchangeWriter[],
    private readonly meter: Meter,
    private readonly rejects: Rejects,
    /** Of the connection that computes. */
    private readonly turn: Turn,
  ) {}

  async drain(batch: Outgoing): Promise<void> {
    const { straight } = batch
    if (straight !== null) {
      const counted = await straight.append()
      if (counted === null) return await this.drain(await straight.apart())
      for (const [nodeId, delta] of counted) this.meter.add(nodeId, delta)
    }
    const work = batch.outputs.map((output) =>
      output.outlet.kind === 'SINK' ? this.append(output, batch) : Promise.resolve(),
    )
    work.push(this.send(batch.outputs))
    // Nothing of this batch may be under way any more when its tables go.
    const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const session = await this.held.connection('exchange')
    if (batch.done.length > 0) await session.run(batch.done.join('; '))
    await batch.release()
  }

  private async append({ outlet, table, records }: Output, batch: Outgoing): Promise<void> {
    if (outlet.kind !== 'SINK') return
    const { node } = outlet
    const writer = this.writers.find((candidate) => candidate.node.id === node.id)
    if (writer === undefined || writer.mark !== null) return
    const started = performance.now()
    const session = await this.held.connection(`sink ${node.id}`)
    const refused = await writer.sink.append({ table, schema: node.schema, records }, session)
    const written = records - refused.length
    const processingMs = performance.now() - started
    this.meter.add(node.id, { in: records, out: written, passed: written, failed: refused.length, processingMs })
    if (refused.length === 0) return
    const rows = refused.map(({ rowid }) => rowid)
    const found = this.rejects.wantsPlaces
      ? await this.find(batch, outlet.point, table, records, rows)
      : new Map<number, Found>()
    await this.rejects.add(
      refused.map(({ rowid, code, message }): Rejected => {
        const known = found.get(rowid) ?? { original: '', place: {} }
        return { nodeId: node.id, ...known, code, message }
      }),
    )
  }

  /** The records as their source gave them, where those stand for what was refused; else as the sink was to write them. */
  private async find(
    batch: Outgoing,
    point: string,
    table: string,
    records: number,
    rows: readonly number[],
  ): Promise<ReadonlyMap<number, Found>> {
    return await this.turn.take(async () => {
      const { kept } = batch
      const stands = kept !== null && standsFor(this.chain, kept.point, point)
      const session = this.held.main
      const indexes = kept === null ? null : await locateRows(session, this.chain, kept, point, records, rows)
      const inBatch = rows.map((row) => indexes?.get(row) ?? null).filter((index) => index !== null)
      const given = kept !== null && stands ? await originals(session, kept.table, inBatch) : new Map<number, string>()
      const written = await originals(session, table, rows)
      return new Map(
        rows.map((row) => {
          const index = indexes?.get(row) ?? null
          const atSource = index === null || !stands ? undefined : given.get(index)
          const of = nodeAt(this.chain, atSource === undefined || kept === null ? point : kept.point)
          const place = index === null || kept === null ? {} : kept.place(index)
          return [row, { original: atSource ?? written.get(row) ?? '', of, place }]
        }),
      )
    })
  }

  private async send(outputs: readonly Output[]): Promise<void> {
    const session = await this.held.connection('exchange')
    for (const { outlet, table, records } of outputs) {
      if (outlet.kind !== 'EDGE') continue
      const writer = this.exchanges.find((candidate) => candidate.outlet.edge.id === outlet.edge.id)
      await writer?.append(session, table, records)
      // Counted here, once: its node does not run before the next phase (I8).
      if (outlet.edge.blocking) this.meter.add(outlet.edge.to, { in: records, absorbed: records })
    }
  }
}
