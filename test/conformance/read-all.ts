import type { Capture, Source, SourceBatch } from '../../connectors/spi.js'
import type { Budget, Position, Split } from '../../core/execution/plan.js'
import type { Rejected } from '../../core/record/rejected.js'
import type { Session } from '../../duckdb/session.js'

/** Reads a source to its end as the engine does: plan, read, isolate what fails, epoch after epoch. */
export interface AllRead {
  readonly records: unknown[][]
  readonly rejected: Omit<Rejected, 'nodeId'>[]
  readonly positions: Position[]
  /** Of each batch that tells. */
  readonly bytes: number[]
  /** Records of each epoch. */
  readonly epochs: number[]
  readonly places: { readonly line?: number; readonly byte?: number }[]
}

export const noCapture: Capture = { existing: async () => null, keep: async (_name, file) => file }
export const large: Budget = { records: 1_000_000, bytes: 1024 * 1024 * 1024 }

export async function readAll(
  source: Source,
  session: Session,
  { budget = large, parallelism = 1, from = null as Position | null, most = 10_000 } = {},
): Promise<AllRead> {
  const all: AllRead = { records: [], rejected: [], positions: [], places: [], epochs: [], bytes: [] }
  let position = from
  for (let epoch = 0; epoch < most; epoch += 1) {
    const before = all.records.length
    const plan = await source.plan(position, budget, parallelism)
    let reached: Position | null = null
    let end = plan.end
    for (const split of plan.splits.flat()) {
      const done = await readSplit(source, split, session, all)
      reached = done.position
      end ||= done.end && plan.to === null
    }
    position = plan.to ?? reached
    all.positions.push(position)
    all.epochs.push(all.records.length - before)
    if (end) return all
  }
  throw new Error('the source does not come to an end')
}

export async function readSplit(source: Source, split: Split, session: Session, all: AllRead) {
  const batches = source.read(split, await source.schema(), session, noCapture)
  try {
    return await readBatches(batches, session, all)
  } finally {
    // As the engine does: who stops reading says so.
    await batches.return({ position: null, end: false })
  }
}

async function readBatches(batches: ReturnType<Source['read']>, session: Session, all: AllRead) {
  for (;;) {
    const next = await batches.next()
    if (next.done) return next.value
    const batch = next.value
    if (batch.bytes !== undefined) all.bytes.push(batch.bytes)
    let bad = 0
    let materialised = await materialise(session, batch.select)
    if (!materialised || !(await agrees(session, batch, bad))) {
      const { select, rejected } = await batch.isolate()
      all.rejected.push(...rejected)
      bad = rejected.length
      materialised = await materialise(session, select)
      if (!materialised) throw new Error('the good rest cannot be read')
    }
    if (!(await agrees(session, batch, bad))) throw new Error(`not the ${batch.records} records that were to come`)
    const rows = await session.rows('SELECT * FROM batch')
    all.records.push(...rows)
    all.places.push(...rows.map((_, index) => batch.place(index)))
    await batch.release()
  }
}

async function agrees(session: Session, { records }: SourceBatch, bad: number): Promise<boolean> {
  return records === null || records === (await session.count('SELECT count(*) FROM batch')) + bad
}

async function materialise(session: Session, select: string): Promise<boolean> {
  try {
    await session.run(`CREATE OR REPLACE TABLE batch AS ${select}`)
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== 'record.bad' && (error as { code?: string }).code !== 'internal')
      throw error
    return false
  }
}
