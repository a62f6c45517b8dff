import { randomUUID } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import type { SinkBatch, SinkQuery, StagedBatch } from '../spi.js'
import type { Compression } from './config.js'
import type { PartFormat } from './part-format.js'
import { type Partition, partitionsOf, type Records } from './partition.js'
import type { StagedPart, StagedParts } from './staged-parts.js'

/** Writes the batches of one epoch as parts: nobody looks at them before they are committed. */
export interface PartWriter {
  readonly parts: readonly StagedPart[]
  /** Written so far. */
  bytes(): number
  write(batch: SinkBatch, session: Session): Promise<void>
  /** Absent: batches become one part, each behind the one before, or are to be divided. */
  readonly stage?: (query: SinkQuery, session: Session) => Promise<StagedBatch>
  /** Makes the parts durable. */
  sync(): Promise<void>
  discard(): Promise<void>
}

export interface PartLayout {
  readonly format: PartFormat
  readonly compression: Compression
  /** Each part can be read by itself; else they are to become one file, and have no header. */
  readonly whole: boolean
  readonly partitionBy: readonly string[]
  /** null: parts are as large as an epoch. */
  readonly maxBytes: number | null
}

export function partWriter(staged: StagedParts, layout: PartLayout): PartWriter {
  const { format, compression, maxBytes, partitionBy } = layout
  const most = maxBytes ?? Number.POSITIVE_INFINITY
  /** Made by a query, and not appended yet. */
  const waiting = new Set<string>()
  let bytesPerRecord = 0

  async function copy(from: Omit<Records, 'records'>, first: boolean, session: Session) {
    const file = join(session.folder, `${randomUUID()}.part`)
    const options = { first: first && layout.whole, schema: from.schema, compression }
    try {
      const records = await session.count(format.copy(`(${from.select})`, file, options))
      return { file, records, bytes: (await stat(file)).size }
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
  }

  /** false: they would make a part too large, and are not written. */
  async function add(from: Records, session: Session): Promise<boolean> {
    const { folder, records } = from
    if (staged.openBytes(folder) + records * bytesPerRecord > most) await staged.end(folder)
    const open = staged.openBytes(folder)
    const written = await copy(from, open === 0, session)
    if (written.records !== records)
      throw new JobError('internal', `${written.records} of ${records} records were written.`)
    bytesPerRecord = written.bytes / records
    if (open + written.bytes > most && (open > 0 || records > 1)) {
      await rm(written.file, { force: true })
      await staged.end(folder)
      return false
    }
    await staged.add(folder, written.file, written.bytes)
    return true
  }

  /** In as many pieces as the size asks for; a piece that comes out larger is written again as smaller ones. */
  async function addAll(from: Partition, session: Session): Promise<void> {
    const room = (share: number) => Math.max(1, Math.floor((most / Math.max(bytesPerRecord, 1e-9)) * share))
    for (let at = 0; at < from.records; ) {
      let records = Math.min(from.records - at, room(1))
      while (!(await add(from.piece(at, at + records), session))) records = Math.min(records, room(0.95))
      at += records
    }
  }

  async function stage({ select, schema }: SinkQuery, session: Session): Promise<StagedBatch> {
    const { file, records, bytes } = await copy({ folder: '', select, schema }, true, session)
    waiting.add(file)
    return {
      records,
      append: async () => {
        waiting.delete(file)
        await (records === 0 ? rm(file, { force: true }) : staged.add('', file, bytes))
      },
    }
  }

  async function dropWaiting(): Promise<void> {
    for (const file of waiting) await rm(file, { force: true })
    waiting.clear()
  }

  return {
    parts: staged.parts,
    bytes: staged.bytes,
    async write(batch, session) {
      if (batch.records === 0) return
      for await (const partition of partitionsOf(batch, partitionBy, session)) await addAll(partition, session)
    },
    ...(!format.appendable && partitionBy.length === 0 && maxBytes === null && { stage }),
    sync: () => dropWaiting().then(staged.sync),
    discard: () => dropWaiting().then(staged.discard),
  }
}
