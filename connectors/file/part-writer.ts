import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Fence, fenceName } from '../../core/execution/fence.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { SinkBatch, SinkQuery, StagedBatch } from '../spi.js'
import { move, syncPath } from './durable.js'
import type { PartFormat } from './part-format.js'

/** Writes the batches of one epoch as parts under the writer's fence: nobody looks at them before they are committed. */
export interface PartWriter {
  /** File names in the staged folder. */
  readonly parts: readonly string[]
  write(batch: SinkBatch, session: Session): Promise<void>
  /** Absent: batches become one part, each behind the one before. */
  readonly stage?: (query: SinkQuery, session: Session) => Promise<StagedBatch>
  /** Makes the parts durable. */
  sync(): Promise<void>
  discard(): Promise<void>
}

export function partWriter(folder: string, format: PartFormat, fence: Fence): PartWriter {
  const parts: string[] = []
  /** Made by a query, and not appended yet. */
  const waiting = new Set<string>()
  /** Begun while the next one is written. */
  const syncing: Promise<void>[] = []
  const pathOf = (part: string) => join(folder, part)

  async function copy(from: string, schema: Schema, session: Session): Promise<{ file: string; records: number }> {
    const file = join(session.folder, `${randomUUID()}.part`)
    try {
      const first = !format.appendable || parts.length === 0
      return { file, records: await session.count(format.copy(from, file, { first, schema })) }
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
  }

  async function keep(file: string): Promise<void> {
    if (format.appendable && parts.length > 0) {
      await pipeline(createReadStream(file), createWriteStream(pathOf(parts[0]!), { flags: 'a' }))
      return await rm(file, { force: true })
    }
    const part = `${fenceName(fence)}-${String(parts.length).padStart(4, '0')}-${randomUUID().slice(0, 8)}`
    parts.push(part)
    await move(file, pathOf(part))
    if (!format.appendable) syncing.push(heardLater(syncPath(pathOf(part))))
  }

  async function stage({ select, schema }: SinkQuery, session: Session): Promise<StagedBatch> {
    const { file, records } = await copy(`(${select})`, schema, session)
    waiting.add(file)
    return {
      records,
      append: async () => {
        waiting.delete(file)
        await (records === 0 ? rm(file, { force: true }) : keep(file))
      },
    }
  }

  async function dropWaiting(): Promise<void> {
    for (const file of waiting) await rm(file, { force: true })
    waiting.clear()
  }

  return {
    parts,
    async write({ table, schema, records }, session) {
      if (records > 0) await keep((await copy(table, schema, session)).file)
    },
    ...(!format.appendable && { stage }),
    async sync() {
      await dropWaiting()
      await Promise.all(format.appendable ? parts.map((part) => syncPath(pathOf(part))) : syncing)
      await syncPath(folder)
    },
    async discard() {
      await Promise.allSettled([...syncing, dropWaiting()])
      for (const part of parts.splice(0)) await rm(pathOf(part), { force: true })
    },
  }
}

/** It may fail before anybody waits for it. */
function heardLater(work: Promise<void>): Promise<void> {
  work.catch(() => undefined)
  return work
}
