/** Records that leave a chain for other vertices: a Parquet file per edge, target subtask and batch in the store (I5). */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../core/errors/job-error.js'
import type { ExchangeHandle, StateHandle } from '../core/execution/chain-task.js'
import { keptBy } from '../core/execution/kept-by.js'
import { buildState } from '../core/execution/state-names.js'
import { unusedName } from '../core/record/schema.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { ObjectStore } from '../storage/store.js'
import type { Outlet } from './chain.js'
import { type ChainRun, storeKey } from './chain-run.js'
import { copyToParquet } from './parquet.js'
import type { Routing } from './partition.js'

interface Piece {
  readonly file: string
  readonly records: number
}

type EdgeOutlet = Extract<Outlet, { kind: 'EDGE' }>

export class ExchangeWriter {
  /** Files written so far, by target subtask: one for each batch. */
  private readonly pieces = new Map<number, Piece[]>()
  private sent = 0

  constructor(
    readonly outlet: EdgeOutlet,
    private readonly routing: Routing,
    private readonly run: ChainRun,
    /** Of this outlet among those of the chain: files need a name of their own. */
    private readonly index: number,
  ) {}

  async append(session: Session, table: string, records: number): Promise<void> {
    if (this.routing.kind === 'SAME') {
      for (const to of this.routing.targets.slice(0, 1))
        await this.write(session, `SELECT * FROM ${table}`, to, records)
    } else {
      await this.distribute(session, table, this.routing.target(this.sent), this.routing.parallelism)
    }
    this.sent += records
  }

  /** To a blocking port: the state of its node, which later epochs of the lineage find there. */
  async finish(store: ObjectStore): Promise<{ exchanges: ExchangeHandle[]; states: StateHandle[] }> {
    const { edge } = this.outlet
    const exchanges: ExchangeHandle[] = []
    const states: StateHandle[] = []
    for (const [to, pieces] of [...this.pieces].sort(([a], [b]) => a - b))
      for (const [number, { file, records }] of pieces.entries()) {
        const path = storeKey(this.run, 'exchange', `${edge.id}-${to}-${number}.parquet`)
        const { sizeBytes } = await store.put(path, file)
        await rm(file, { force: true })
        const handle = { edgeId: edge.id, fromSubtask: this.run.subtask, path, sizeBytes, records }
        const targets = this.routing.kind === 'SAME' ? this.routing.targets : [to]
        for (const toSubtask of targets) {
          if (edge.blocking) states.push(this.asState({ ...handle, toSubtask }, number))
          else exchanges.push({ ...handle, toSubtask })
        }
      }
    return { exchanges, states }
  }

  /** The name sorts by sender, then by epoch and batch: the order of the records on the build side. */
  private asState({ toSubtask, path, sizeBytes, records }: ExchangeHandle, number: number): StateHandle {
    const { edge } = this.outlet
    const from = String(this.run.subtask).padStart(4, '0')
    const epoch = String(this.run.plan.epoch).padStart(9, '0')
    const batch = String(number).padStart(6, '0')
    const name = `${buildState(edge.port)}:${from}-${epoch}-${batch}`
    const by = keptBy(this.run.graph, edge.to, edge.port)
    return { nodeId: edge.to, subtask: toSubtask, name, type: 'LIST', path, sizeBytes, records, by }
  }

  private async distribute(session: Session, table: string, target: string, parallelism: number): Promise<void> {
    const column = identifier(
      unusedName(
        'subtask',
        this.outlet.schema.map(({ name }) => name),
      ),
    )
    const routed = identifier(`routed ${this.index}`)
    await session.run(`CREATE OR REPLACE TABLE ${routed} AS SELECT ${target} AS ${column} FROM ${table}`)
    const counts = await session.rows(`SELECT ${column}, count(*) FROM ${routed} GROUP BY ${column} ORDER BY ${column}`)
    for (const [target, records] of counts) {
      const to = Number(target)
      if (target === null || !Number.isInteger(to) || to < 0 || to >= parallelism)
        throw this.noSuchSubtask(target, parallelism)
      const own = `SELECT * EXCLUDE (${column}) FROM ${table} POSITIONAL JOIN ${routed} WHERE ${column} = ${to}`
      await this.write(session, own, to, Number(records))
    }
    await session.run(`DROP TABLE ${routed}`)
  }

  private async write(session: Session, select: string, to: number, records: number): Promise<void> {
    const pieces = this.pieces.get(to) ?? []
    const file = join(session.folder, `exchange-${this.index}-${to}-${pieces.length}.parquet`)
    await session.run(copyToParquet(select, this.outlet.schema, file))
    this.pieces.set(to, [...pieces, { file, records }])
  }

  private noSuchSubtask(target: unknown, parallelism: number): JobError {
    const { edge } = this.outlet
    return new JobError('record.bad', `The partition expression of ${edge.id} gives ${String(target)} for a record.`, {
      nodeId: edge.from,
      hint: `It has to give a whole number from 0 to ${parallelism - 1}.`,
    })
  }
}
