/** Gives each record the watermark that it met (DESIGN, Event time), and knows how far each node's has come in this epoch. */
import {
  advance,
  combined,
  higher,
  mergeSeen,
  type NodeWatermark,
  type Seen,
  type SeenPartition,
  standingOf,
} from '../core/execution/watermarks.js'
import { metColumn } from '../core/graph/event-time.js'
import type { StreamNode } from '../core/graph/stream-graph.js'
import { atMillis } from '../duckdb/event-time.js'
import type { Session } from '../duckdb/session.js'
import { identifier } from '../duckdb/sql.js'
import type { Chain, Step } from './chain.js'
import type { ChainRun } from './chain-run.js'
import { hasEnded } from './ends-now.js'

type Reached = Parameters<typeof hasEnded>[2]

export class Stamps {
  /** Never changed in place: a batch that fails goes back to what was before it. */
  private seen: Seen = {}
  private partition = ''

  constructor(
    private readonly run: ChainRun,
    private readonly chain: Chain,
  ) {}

  /** The next batch is of this logical partition; null: what arrives at a subtask from others is one. */
  begin(partition: string | null): void {
    this.partition = partition ?? `subtask ${this.run.subtask}`
  }

  mark(): Seen {
    return this.seen
  }

  reset(mark: Seen): void {
    this.seen = mark
  }

  isNeeded(node: Pick<StreamNode, 'id'>): boolean {
    return this.chain.timed.has(node.id)
  }

  /** Makes `to` of `table`, with the column of what each record met. */
  async stamp(session: Session, node: StreamNode, table: string, to: string): Promise<void> {
    const { watermark, schema, id } = node
    if (watermark === null) return
    const time = schema.find(({ name }) => name.toLowerCase() === watermark.time.toLowerCase())!
    const delay = watermark.outOfOrdernessMs + 1
    const before = this.standing(id)
    const highest = `max(${atMillis(time)}) OVER (ORDER BY rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`
    const met = `CAST(greatest(CAST(${before ?? 'NULL'} AS BIGINT), ${highest} - ${delay}) AS BIGINT)`
    await session.run(
      `CREATE OR REPLACE TABLE ${to} AS SELECT *, ${met} AS ${identifier(metColumn)} FROM ${table} ORDER BY rowid`,
    )
    const [row] = await session.rows(`SELECT max(${atMillis(time)}) FROM ${table}`)
    const last = row?.[0] == null ? null : Number(row[0]) - delay
    this.see(id, this.partition, { at: higher(before, last), records: true, ended: false })
  }

  /** Nothing more will come of these partitions. */
  end(partitions: readonly string[]): void {
    for (const node of this.chain.nodes)
      if (this.isNeeded(node))
        for (const name of partitions) {
          const { at = null, records = false } = this.seen[node.id]?.[name] ?? {}
          this.see(node.id, name, { at, records, ended: true })
        }
  }

  /** How far event time has come at a step once this epoch's records are through; null: nowhere yet. */
  watermark(step: Step, reached: Reached): number | null {
    const all = mergeSeen([this.all()])
    const going = step.watermarks.filter((id) => !hasEnded(this.run, id, reached))
    return combined((going.length > 0 ? going : step.watermarks).map((id) => this.after(id, all)))
  }

  /** With what the stages before have seen. */
  all(): Seen {
    return mergeSeen([...this.run.upstream.map(({ seen }) => seen ?? {}), this.seen])
  }

  /** What other subtasks of this chain see meanwhile cannot be known here: then as it was. */
  private after(nodeId: string, seen: Seen): NodeWatermark {
    const known = this.run.plan.watermarks?.[nodeId]
    const isAlone = this.chain.vertex.parallelism === 1 || !this.chain.timed.has(nodeId) || isEmpty(this.run)
    return isAlone || known === undefined ? this.advanced(nodeId, seen) : known
  }

  private advanced(nodeId: string, seen: Seen): NodeWatermark {
    const { plan, graph } = this.run
    const node = graph.stream.nodes.find(({ id }) => id === nodeId)
    const idleTimeoutMs = node?.watermark?.idleTimeoutMs ?? null
    return advance(plan.watermarks?.[nodeId], seen[nodeId] ?? {}, Date.parse(plan.at), idleTimeoutMs)
  }

  /** Of the partition, before the batch. One that begins stands where its node does, in order of arrival. */
  private standing(nodeId: string): number | null {
    const now = this.seen[nodeId]?.[this.partition]
    return now?.records === true
      ? now.at
      : standingOf(this.run.plan.watermarks?.[nodeId], this.partition, this.after(nodeId, this.seen).at)
  }

  private see(nodeId: string, partition: string, now: SeenPartition): void {
    this.seen = { ...this.seen, [nodeId]: { ...this.seen[nodeId], [partition]: now } }
  }
}

function isEmpty({ plan }: ChainRun): boolean {
  return Object.values(plan.sources).every(({ splits }) => splits.every((split) => split.length === 0))
}
