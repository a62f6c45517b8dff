/** The input of a chain in one epoch, batch by batch, each in a table of its own. */
import { rm } from 'node:fs/promises'
import type { Source, SourceBatch } from '../connectors/spi.js'
import { JobError } from '../core/errors/job-error.js'
import type { Position } from '../core/execution/plan.js'
import type { Place, Rejected } from '../core/record/rejected.js'
import type { Session } from '../duckdb/session.js'
import { identifier, text } from '../duckdb/sql.js'
import type { Rejects } from './bad-records/rejects.js'
import { captureFor } from './capture.js'
import { type Chain, type Port, pointOf } from './chain.js'
import { arrivals, type ChainRun } from './chain-run.js'
import { isBadRecord, materialise } from './compute.js'
import type { EngineParts } from './engine.js'
import type { Meter } from './meter.js'
import { openSource } from './open-node.js'
import { selectFromParquet } from './parquet.js'
import type { Values } from './resolve-config.js'

export interface Batch {
  /** Where in the chain it comes in. */
  readonly point: string
  readonly table: string
  readonly records: number
  /** Logical partition of its source; null: it comes of several. */
  readonly partition: string | null
  /** It stands as a view of what its source holds. */
  readonly isView?: boolean
  place(index: number): Place
  /** Frees what a view reads. */
  release?(): Promise<void>
}

export interface Reading {
  readonly chain: Chain
  readonly run: ChainRun
  readonly parts: EngineParts
  readonly values: Values
  /** A connection that only reads. */
  readonly session: Session
  readonly meter: Meter
  readonly rejects: Rejects
  readonly signal: AbortSignal
  /** Filled when a split has been read to its end. */
  readonly reached: Record<string, { readonly position: Position; readonly end: boolean }>
  /** Partitions that have been read to their end. */
  readonly ended: string[]
}

/** Records of an exchange that are worked on at once. */
const exchangeBatch = 262_144

export async function* readBatches(reading: Reading): AsyncGenerator<Batch, void, void> {
  if (reading.chain.head.nodeType === 'SOURCE') yield* readSource(reading)
  else for (const port of reading.chain.ports) yield* readArrivals(reading, port)
}

async function* readSource(reading: Reading): AsyncGenerator<Batch, void, void> {
  const { chain, run, parts, values, signal, session } = reading
  const node = chain.head
  const splits = run.plan.sources[node.id]?.splits[run.subtask] ?? []
  if (splits.length === 0) return
  const source = await openSource(node, values, parts, signal)
  const capture = captureFor(run, node.id, session.folder, parts.store)
  let number = 0
  for (const split of splits) {
    const batches: ReturnType<Source['read']> = source.read(split, node.schema, session, capture)
    try {
      for (;;) {
        const started = performance.now()
        const next = await batches.next()
        if (next.done === true) {
          const { position, end, ended = [] } = next.value
          reading.reached[node.id] = { position, end }
          reading.ended.push(...ended)
          break
        }
        number += 1
        const batch = await takeBatch(reading, next.value, identifier(`read ${number}`), started)
        if (batch.records > 0) yield batch
        else await session.run(`DROP TABLE ${batch.table}`)
      }
    } finally {
      await batches.return({ position: null, end: false })
      await capture.forget()
    }
  }
}

/** The whole batch as one query; only if that fails are its bad records told apart. */
async function takeBatch(reading: Reading, given: SourceBatch, table: string, started: number): Promise<Batch> {
  const { session, meter, chain, rejects } = reading
  const nodeId = chain.head.id
  const { partition = '', view, records: known, bytes = 0 } = given
  const point = pointOf(chain.head)
  const place = (index: number) => given.place(index)
  if (view !== undefined && known !== null && chain.readsByName) {
    await session.run(`CREATE VIEW ${table} AS ${view}`)
    const counted = { in: known, out: known, passed: known, bytes }
    meter.add(nodeId, { ...counted, processingMs: performance.now() - started })
    return { point, table, records: known, partition, isView: true, place, release: () => given.release() }
  }
  let rejected: readonly Omit<Rejected, 'nodeId'>[] = []
  let records: number
  const whole = await materialise(session, table, given.select).catch((error: unknown) => {
    if (isBadRecord(error)) return null
    throw error
  })
  if (whole !== null && agrees(given, whole)) records = whole
  else {
    const isolated = await given.isolate()
    rejected = isolated.rejected
    records = await materialise(session, table, isolated.select)
    if (!agrees(given, records + rejected.length)) throw miscounted(nodeId, given, records + rejected.length)
  }
  await given.release()
  meter.add(nodeId, {
    in: records + rejected.length,
    out: records,
    passed: records,
    failed: rejected.length,
    bytes,
    processingMs: performance.now() - started,
  })
  await rejects.add(rejected.map((record) => ({ ...record, nodeId, of: nodeId })))
  return { point, table, records, partition, place }
}

const agrees = ({ records }: SourceBatch, given: number) => records === null || records === given

function miscounted(nodeId: string, { records, place }: SourceBatch, given: number): JobError {
  const { file, table, line } = place(0)
  const where = [file ?? table, line === undefined ? undefined : `from line ${line} on`]
  return new JobError(
    'accounting.mismatch',
    `${nodeId}: ${records} records were to be read and ${given} came (${where.filter((part) => part !== undefined).join(', ')}).`,
    { nodeId, hint: 'Nothing of it has been written. Look for unusual line ends or quotes there.' },
  )
}

async function* readArrivals(reading: Reading, port: Port): AsyncGenerator<Batch, void, void> {
  const { run, parts, session } = reading
  let number = 0
  for (const handle of arrivals(run, port.edge.id)) {
    const file = await parts.store.fetch(handle.path, session.folder)
    try {
      const arrived = await session.count(`SELECT count(*) FROM read_parquet(${text(file)})`)
      for (let from = 0; from < arrived; from += exchangeBatch) {
        number += 1
        const table = identifier(`read ${port.edge.id} ${number}`)
        const select = selectFromParquet([file], port.schema, { from, to: from + exchangeBatch })
        const records = await materialise(session, table, select)
        yield { point: port.point, table, records, partition: null, place: () => ({}) }
      }
    } finally {
      await rm(file, { force: true })
    }
  }
}
